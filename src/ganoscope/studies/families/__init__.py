"""Families of classifiers that a study trains in every arm: networks, and one that is no network.

Each module has `fit(store, folder, fitting)`, which learns from a store's train split and chooses by its validation
split, and `predict(folder, store, positions)`, which returns logits and a temperature.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.store import Store
from ganoscope.registry import state_module
from ganoscope.studies.arms import Arm
from ganoscope.training.classifier.config import ClassifyConfig
from ganoscope.training.classifier.mix import Mix

RANDOM_FEATURES = "random_features"
"""The family that is no network."""


@dataclass(frozen=True)
class Fitting:
    """How a classifier is fitted.

    Attributes:
        config: Network, epochs, augmentation and seed.
        mix: How added images are mixed with real ones.
    """

    config: ClassifyConfig
    mix: Mix


@dataclass(frozen=True)
class Fitted:
    """What choices between trials rest on.

    Attributes:
        validation_auroc: AUROC on the validation split, of the state that is kept.
    """

    validation_auroc: float


class Family(Protocol):
    """What a module of this package provides."""

    def fit(self, store: Store, folder: Path, fitting: Fitting) -> Fitted:
        """Fits a classifier, and writes it into a folder.

        Args:
            store: Store to learn from; its test split is empty.
            folder: Folder to write to.
            fitting: How it is fitted.
        """
        ...

    def predict(
        self, folder: Path, store: Store, positions: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], float, tuple[str, ...]]:
        """Returns (logits of shape (N, K), temperature, names of the classes) for images of a store.

        Args:
            folder: Folder that `fit` wrote to.
            store: Store of the images.
            positions: Their positions in it, shape (N,).
        """
        ...


def suits(family: str, arm: Arm) -> bool:
    """Tells whether a family can be trained in an arm: without epochs there is no curriculum."""
    return not (family == RANDOM_FEATURES and arm.by_schedule)


def find_family(name: str) -> ModuleType:
    """Returns the module that fits a classifier of that name: one that a design names, so it may be the user's own."""
    from ganoscope.studies.families import networks, random_features

    state_module(name)
    special: Mapping[str, ModuleType] = {RANDOM_FEATURES: random_features}
    return special.get(name, networks)
