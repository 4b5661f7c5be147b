"""Learning-rate schedules: each optimizer's initial rates times one factor, a function of the images seen."""

import math
from collections.abc import Sequence

from ganoscope.contracts import Phase
from ganoscope.training.config import TrainConfig


def find_rate_factor(config: TrainConfig, images_seen: int) -> float:
    r"""Returns the factor of all learning rates after a number of images.

    With p the completed share of the run: `linear` is :math:`\min(1, 2 - 2p)`, `cosine` is
    :math:`(1 + \cos \pi p) / 2`; a warm-up multiplies by its completed share.

    Source: linear: Zhu et al. 2017, appendix 7.1, https://arxiv.org/abs/1703.10593; cosine: Loshchilov and Hutter 2017,
        eq. 5 with one period, https://arxiv.org/abs/1608.03983

    Example:
        >>> config = TrainConfig(images=100, schedule="linear")
        >>> [find_rate_factor(config, seen) for seen in (0, 50, 75)]
        [1.0, 1.0, 0.5]
    """
    done = min(images_seen / (config.images or math.inf), 1.0)
    factors = {"constant": 1.0, "linear": min(1.0, 2 - 2 * done), "cosine": (1 + math.cos(math.pi * done)) / 2}
    warm = min(1.0, (images_seen + config.batch_size) / config.warmup_images) if config.warmup_images else 1.0
    return factors[config.schedule] * warm


def note_initial_rates(phases: Sequence[Phase]) -> None:
    """Stores each optimizer's initial learning rate beside the current one; checkpoints keep both."""
    for phase in phases:
        for group in phase.optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])


def set_rates(phases: Sequence[Phase], factor: float) -> None:
    """Sets every learning rate to its initial value times `factor`."""
    for phase in phases:
        for group in phase.optimizer.param_groups:
            group["lr"] = group["initial_lr"] * factor
