"""Contract tests that every component of a kind must pass; inherit one, name your component, run pytest.

from holdfast.testing import AugmentContract
from mine import Flip

class TestFlip(AugmentContract):
    component = Flip(p=0.5)
"""

from holdfast.testing.augment import AugmentContract
from holdfast.testing.balance import BalanceContract
from holdfast.testing.base import ComponentContract, example_of
from holdfast.testing.data import DataContract
from holdfast.testing.ensemble import EnsembleContract
from holdfast.testing.features import FeaturesContract
from holdfast.testing.folds import SplitterContract
from holdfast.testing.loss import LossContract
from holdfast.testing.metric import MetricContract
from holdfast.testing.model import ModelContract
from holdfast.testing.predict import PostprocessContract, TestTimeContract
from holdfast.testing.prepare import PrepareContract
from holdfast.testing.select import SelectionContract
from holdfast.testing.tracker import TrackerContract

CONTRACTS: dict[str, type[ComponentContract]] = {
    "data": DataContract,
    "folds": SplitterContract,
    "metric": MetricContract,
    "prepare": PrepareContract,
    "features": FeaturesContract,
    "select": SelectionContract,
    "balance": BalanceContract,
    "augment": AugmentContract,
    "loss": LossContract,
    "model": ModelContract,
    "tta": TestTimeContract,
    "postprocess": PostprocessContract,
    "ensemble": EnsembleContract,
    "tracker": TrackerContract,
}

__all__ = [
    "CONTRACTS",
    "AugmentContract",
    "BalanceContract",
    "ComponentContract",
    "DataContract",
    "EnsembleContract",
    "FeaturesContract",
    "LossContract",
    "MetricContract",
    "ModelContract",
    "PostprocessContract",
    "PrepareContract",
    "SelectionContract",
    "SplitterContract",
    "TestTimeContract",
    "example_of",
]
