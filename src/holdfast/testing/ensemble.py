"""The contract of ensembles."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.testing.base import ComponentContract


class EnsembleContract(ComponentContract):
    """Members' predictions `(members, n, …)` → `(n, …)`."""

    @pytest.mark.parametrize("kind", ["classes", "real"])
    def test_gives_predictions_of_the_same_form(self, kind: str) -> None:
        rng = np.random.default_rng(0)
        truth = np.arange(30) % 3 if kind == "classes" else rng.normal(size=30)
        members = rng.random((2, 30, 3)) if kind == "classes" else rng.normal(size=(2, 30))
        if kind == "classes":
            members /= members.sum(axis=2, keepdims=True)
        kept = members.copy()
        learned = self.component.fit(members, truth, np.arange(30) % 5)
        made = self.component.predict(learned, members[:, :7])
        assert made.shape == (7, *members.shape[2:])
        assert np.isfinite(made).all()
        assert np.array_equal(members, kept)
        if kind == "classes":
            np.testing.assert_allclose(made.sum(axis=1), 1, rtol=1e-6)
        again = self.component.predict(self.component.fit(members, truth, np.arange(30) % 5), members[:, :7])
        assert np.array_equal(made, again)
