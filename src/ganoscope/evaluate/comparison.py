"""Generated images beside real ones: the evidence that every measurement in `evaluate/` looks at."""

from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ganoscope.classifiers.trained import TrainedClassifier
from ganoscope.contracts import Need
from ganoscope.data.real_images import RealImages
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.errors import UserError
from ganoscope.evaluate.features import Extractor, Features

Given = TypeVar("Given")


@dataclass(frozen=True)
class GeneratedImages:
    """Images from any generator; each is a group of its own.

    Attributes:
        images: Network range [-1, 1], shape (N, 1, H, W).
        labels: Class that each was asked to show, shape (N,); None where none was asked for.
    """

    images: NDArray[np.float32]
    labels: NDArray[np.str_] | None = None


@dataclass(frozen=True)
class Comparison:
    """Evidence for the measurements; a measurement that needs a field that is None is skipped.

    Attributes:
        generated: Generated images.
        training: Real images that the generator was trained on.
        held_out: Real images of other patients.
        extractor: Feature extractor of the distances.
        classifier: Independent classifier.
        hu: Map between HU and network range; None where pixels are not HU.
        seed: Seed of all draws.
        features: Features of the generated, the training and, where there are any, the held-out images, where they
            were extracted before; None where the distances extract them.
        kept: What one measurement has computed from this evidence and others can use, by name. Evidence that is made
            from this one begins with nothing.
    """

    generated: GeneratedImages | None = None
    training: RealImages | None = None
    held_out: RealImages | None = None
    extractor: Extractor | None = None
    classifier: TrainedClassifier | None = None
    hu: IntensityMap | None = None
    seed: int = 0
    features: tuple[Features, Features, Features | None] | None = None
    kept: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def has(self, needs: frozenset[Need]) -> bool:
        """Tells whether everything that a measurement needs is there."""
        given = {one.name for one in fields(self) if getattr(self, one.name) is not None}
        return needs <= given


def require(given: Given | None, need: Need) -> Given:
    """Returns evidence that a measurement needs.

    Raises:
        UserError: It is missing.
    """
    if given is None:
        raise UserError(f"this measurement needs {need.replace('_', '-')} input: got none. Give it, or leave it out.")
    return given
