"""The contract of preparations."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from holdfast.data.dataset import Dataset
from holdfast.prepare.pipeline import Pipeline
from holdfast.testing.base import ComponentContract
from holdfast.testing.samples import tiny_data, with_gaps

LEARN, OTHER = np.arange(0, 24), np.arange(24, 36)


class PrepareContract(ComponentContract):
    """Learns from the training part alone; changes each sample by itself; keeps their number."""

    def fitted(self, data: Dataset) -> Pipeline:
        file = self.component.reads_file
        if file and not Path(getattr(self.component, file)).is_file():
            pytest.skip(f"its {file} is a file of the user's; inherit the contract where there is one")
        return Pipeline([self.component], data.kind, data.names).fit(data.take(LEARN))

    def cases(self) -> Iterator[Dataset]:
        """Data of each kind that it takes, without gaps and, but for pictures, with some; frames with a flow too."""
        for kind in sorted(self.component.takes):
            data = tiny_data(kind)
            yield data
            if kind == "frames":
                seen = data.with_flow()
                yield replace(seen, source=seen.read())
            if kind != "images":
                yield replace(data, source=with_gaps(data.source))

    def test_keeps_samples_and_steps(self) -> None:
        for data in self.cases():
            made = self.fitted(data).transform(data.read())
            still = data.kind == "images" and self.component.before_augment
            assert made.dtype == (np.uint8 if still else np.float32)
            assert len(made) == len(data)
            if data.kind == "frames":
                assert made.shape == data.source.shape
            if self.component.keeps_steps:
                assert made.shape[:-1] == data.source.shape[:-1]

    def test_invents_no_gaps(self) -> None:
        for kind in sorted(self.component.takes):
            data = tiny_data(kind)
            assert np.isfinite(self.fitted(data).transform(data.read())).all()

    def test_input_is_left_alone(self) -> None:
        for data in self.cases():
            X = data.read()
            self.fitted(data).transform(X)
            assert np.array_equal(X, data.source, equal_nan=True)

    def frames(self) -> Dataset:
        """Frames with gaps and a flow."""
        if "frames" not in self.component.takes:
            pytest.skip("only frames have a scale that forecasts come back from")
        data = tiny_data("frames").with_flow()
        return replace(data, source=with_gaps(data.read()))

    def test_gaps_of_frames_stay_and_only_they(self) -> None:
        data = self.frames()
        made = self.fitted(data).transform(data.read())
        assert np.array_equal(np.isnan(made), np.isnan(data.source))

    def test_only_the_channels_of_rain_are_scaled_and_all_alike(self) -> None:
        data = self.frames()
        pipeline, X = self.fitted(data), data.read()
        made = pipeline.transform(X)
        assert np.array_equal(made[:, -2:], X[:, -2:], equal_nan=True), "a field of motion stays in pixels"
        for channel in range(X.shape[1] - 2):
            alone = pipeline.transform_rain(X[:, channel])
            assert alone.dtype == np.float32
            assert np.array_equal(made[:, channel], alone, equal_nan=True)

    def test_scaled_rain_comes_back_and_none_is_0(self) -> None:
        data = self.frames()
        pipeline, rain = self.fitted(data), data.read()[:, :-2]
        kept = rain.copy()
        scaled = pipeline.transform_rain(rain)
        back = pipeline.inverse_transform(scaled)
        assert back.dtype == np.float32
        np.testing.assert_allclose(back, rain, rtol=1e-4, atol=1e-5)
        assert np.array_equal(rain, kept, equal_nan=True)
        assert (scaled[rain == 0] == 0).all()
        assert (back[rain == 0] == 0).all()
        order = np.argsort(rain[np.isfinite(rain)])
        assert (np.diff(scaled[np.isfinite(rain)][order]) >= 0).all(), "more rain is never less"

    def test_learns_from_the_training_part_alone(self) -> None:
        for data in self.cases():
            source = data.source.copy()
            source[OTHER] = 255 - source[OTHER] if data.kind == "images" else source[OTHER] * -50 + 1000
            changed = replace(data, source=source)
            rows = data.read(LEARN)
            first, second = self.fitted(data), self.fitted(changed)
            assert np.array_equal(first.transform(rows), second.transform(rows), equal_nan=True)

    def test_each_sample_is_changed_by_itself(self) -> None:
        for data in self.cases():
            pipeline, some = self.fitted(data), np.array([30, 3, 17])
            whole = pipeline.transform(data.read())
            np.testing.assert_allclose(pipeline.transform(data.read(some)), whole[some], rtol=1e-6, atol=1e-6)

    def test_fitted_twice_is_equal(self) -> None:
        for data in self.cases():
            first, second = (self.fitted(data).transform(data.read()) for _ in range(2))
            assert np.array_equal(first, second, equal_nan=True)

    def test_survives_pickling(self) -> None:
        for data in self.cases():
            pipeline = self.fitted(data)
            again = pickle.loads(pickle.dumps(pipeline))
            assert np.array_equal(
                again.transform(data.read()), pipeline.transform(data.read()), equal_nan=True
            )

    def test_other_kinds_are_refused(self) -> None:
        with pytest.raises(ValueError, match=r"prepare: .* takes"):
            Pipeline([self.component], "no_such_kind", ("a", "b"))
