"""The contract of trackers."""

from __future__ import annotations

import pytest

from holdfast.errors import BadInput
from holdfast.testing.base import ComponentContract
from holdfast.track.base import Tracker


class TrackerContract(ComponentContract):
    """Where else a run's curves and scores go."""

    def test_is_a_tracker_that_opens_a_writer(self) -> None:
        assert isinstance(self.component, Tracker)
        assert type(self.component).open is not Tracker.open

    def test_a_package_that_lacks_is_said_before_any_work(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(type(self.component), "package", "no_such_package")
        with pytest.raises(BadInput, match=r"track: .* needs no_such_package.*\[track\]"):
            self.component.must_be_installed()
