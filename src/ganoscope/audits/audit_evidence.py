"""What an audit looks at: synthetic images, the real ones that their generator has learned from, and others."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ganoscope.banks.model_table import Bank
from ganoscope.classifiers.trained import TrainedClassifier
from ganoscope.data.real_images import RealImages
from ganoscope.training.run_folder.trained_run import TrainedRun

Depth = Literal["quick", "full"]
"""`quick` trains no network and inverts no generator; `full` does both."""


@dataclass(frozen=True)
class SyntheticImages:
    """Images from any generator, read when they are needed.

    Attributes:
        names: Name of each, such as its file's below the folder, shape (N,).
        load: From ascending positions, shape (n,), to images in network range [-1, 1], shape (n, 1, H, W), float32.
        labels: Class that each was asked to show, shape (N,); None where none was asked for.
        source: What made them, in words.
        sha256: Hash of the images, or of what they come from.
        weights_sha256: Hash of the generator's weights; "" where they are not known.
        notes: What was done to the images before they could be compared, a sentence each.
        unreadable: Files that could not be read, by name, each with the reason.
    """

    names: NDArray[np.str_]
    load: Callable[[NDArray[np.int64]], NDArray[np.float32]]
    labels: NDArray[np.str_] | None
    source: str
    sha256: str
    weights_sha256: str = ""
    notes: tuple[str, ...] = ()
    unreadable: Mapping[str, str] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Number of images."""
        return len(self.names)


@dataclass(frozen=True)
class AuditEvidence:
    """What the questions are asked of. A question that lacks something says so, see `ganoscope.audits.questions`.

    Attributes:
        synthetic: The images under audit, all of one size.
        members: Real images that their generator has learned from.
        held_out: Real images of other patients of the same source, which it has not; None where there are none.
        run: The generator, where it is at hand: a run of this toolkit.
        bank: Models on random halves of the patients, where there is one.
        classifier: Classifier that has not seen the held-out images, where there is one.
        others: Real images of patients that are in neither set, to train on; None where there are none.
        depth: How much is computed.
        seed: Seed of all draws.
        device: Device of networks, such as `cpu` or `cuda`.
    """

    synthetic: SyntheticImages
    members: RealImages
    held_out: RealImages | None = None
    run: TrainedRun | None = None
    bank: Bank | None = None
    classifier: TrainedClassifier | None = None
    others: RealImages | None = None
    depth: Depth = "quick"
    seed: int = 0
    device: str = "cpu"
