"""What a membership attack is given: real images that may be members, and what its attacker has."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.real_images import Images
from ganoscope.evaluate.attacks.likelihood_ratio import Shadows
from ganoscope.evaluate.attacks.nearest_images import Distances
from ganoscope.training.run_folder.trained_run import TrainedRun


@dataclass(frozen=True)
class Suspects:
    """Real images, members and others mixed: attacks do not know which are which.

    Attributes:
        images: Network range [-1, 1], shape (N, 1, H, W).
        groups: Patient or near-duplicate cluster of each, shape (N,), integers.
        labels: Class of each, shape (N,); "" where unknown.
    """

    images: Images
    groups: NDArray[np.int64]
    labels: NDArray[np.str_]


@dataclass(frozen=True)
class Exposed:
    """What attackers have. An attack is left out where something that it needs is None.

    Attributes:
        distances: Distances of the suspects from the synthetic images, and from real images of other patients.
        generator: The generator, to draw from and to differentiate.
        discriminator: The run with its discriminator.
        shadow_density: Density of released images at the suspects, beside that of shadow models; None without a bank
            that fits.
        shadow_discriminator: Scores of the discriminator, likewise.
        seed: Seed of all draws.
    """

    distances: Distances | None = None
    generator: TrainedRun | None = None
    discriminator: TrainedRun | None = None
    shadow_density: Shadows | None = None
    shadow_discriminator: Shadows | None = None
    seed: int = 0

    def has(self, needs: frozenset[str]) -> bool:
        """Tells whether everything that an attack needs is there."""
        return needs <= {field.name for field in fields(self) if getattr(self, field.name) is not None}
