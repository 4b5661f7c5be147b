"""What is known of a training run at one checkpoint: the evidence of its checks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ganoscope.contracts import Phase

GRACE_SHARE, GRACE_STEPS = 0.1, 100
"""Share of the training, and number of steps, at its beginning during which networks may be poor."""


@dataclass(frozen=True)
class Observations:
    """What is known at one checkpoint; a check finds nothing where its evidence is missing.

    Attributes:
        rows: The history since the last checkpoint, one mapping from column to value per step.
        networks: The networks by name, with the gradients of the latest step.
        phases: Phases of the method.
        real: Training images, network range, shape (N, H, W); None before the first step.
        fake: Generated images, network range, shape (M, H, W); None before the first step.
        progress: Share of the training that is done, 0 to 1.
        steps: Number of steps that are done.
        balanced_labels: Labels of the training images, shape (N,), where all classes are drawn equally often; None
            where they are drawn as often as they occur.
        conditional: Whether the generator is given the class.
        fault: Message of the error that stopped the training because a loss is not finite; "" without one.
    """

    rows: Sequence[Mapping[str, float]] = ()
    networks: Mapping[str, nn.Module] = field(default_factory=dict)
    phases: Sequence[Phase] = ()
    real: NDArray[np.float32] | None = None
    fake: NDArray[np.float32] | None = None
    progress: float = 0.0
    steps: int = GRACE_STEPS
    balanced_labels: NDArray[np.str_] | None = None
    conditional: bool = False
    fault: str = ""

    @property
    def settled(self) -> bool:
        """Whether the training has gone on for long enough to judge what the networks do."""
        return self.progress >= GRACE_SHARE and self.steps >= GRACE_STEPS
