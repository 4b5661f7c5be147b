"""Decides which class each image has, and how many images of each class are wanted."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.feeding.feed import draw_rows
from ganoscope.errors import UserError, describe, refuse
from ganoscope.generation.config import DEFAULT_NUMBER, GenerateConfig
from ganoscope.seeds import Stream
from ganoscope.training.run_folder.trained_run import TrainedRun

ALL = -1
"""Key of a quota that all classes share."""


@dataclass(frozen=True)
class Request:
    """Images requested from a run.

    Attributes:
        run: The run.
        seed: Seed of noise and classes.
        code: Class code where one class alone is wanted, otherwise None.
        quotas: Number of images wanted, by class code, or by `ALL` where all classes share one quota.
        in_turn: Whether the classes take turns; otherwise they occur at their shares of the training images.
    """

    run: TrainedRun
    seed: int
    code: int | None
    quotas: Mapping[int, int]
    in_turn: bool = False

    @property
    def total(self) -> int:
        """Total number of images wanted."""
        return sum(self.quotas.values())

    def choose(self, start: int, count: int) -> NDArray[np.int64]:
        """Returns the class codes of images `start` to `start + count - 1`, shape (count,)."""
        if self.code is not None:
            return np.full(count, self.code, np.int64)
        if self.in_turn:
            return np.arange(start, start + count) % len(self.quotas)
        return choose_labels(self.run, count, self.seed, start)

    def key(self, code: int) -> int:
        """Returns the quota that an image of a class counts towards."""
        return ALL if ALL in self.quotas else code


def make_request(run: TrainedRun, config: GenerateConfig) -> Request:
    """Returns the images that the configuration requests.

    Where classes occur at their shares of the training images, the first images decide how many of each there will be:
    a rejected image is replaced by one of its own class.

    Raises:
        UserError: The run has no classes, or not the requested one.
    """
    refuse_classes(run, config)
    code = run.classes.index(config.class_name) if config.class_name else None
    if config.number_per_class is not None:
        quotas = dict.fromkeys(range(len(run.classes)), config.number_per_class)
        return Request(run, config.seed, code, quotas, in_turn=True)
    number = config.number or DEFAULT_NUMBER
    if code is not None or not run.classes:
        return Request(run, config.seed, code, {ALL: number})
    return Request(run, config.seed, code, Counter(choose_labels(run, number, config.seed).tolist()))


def refuse_classes(run: TrainedRun, config: GenerateConfig) -> None:
    """Refuses options about classes that the run does not know, all at once.

    Raises:
        UserError: The run is not conditioned on classes, or not on the requested one.
    """
    options = {
        "--number-per-class": config.number_per_class,
        "--class": config.class_name or None,
        "--min-label-confidence": config.min_label_confidence,
    }
    given = {name: value for name, value in options.items() if value is not None}
    if not run.classes:
        fault = f"needs a run that generates by class, and {run.path} does not"
        allowed = (
            f"a run of a conditional method, such as cgan, on a store with labels (this one is {run.record.method})"
        )
        refuse([describe(f"{name} {fault}", value, allowed, "Leave the option out.") for name, value in given.items()])
    elif config.class_name and config.class_name not in run.classes:
        raise UserError(
            describe("--class is not a class of the run", config.class_name, ", ".join(run.classes), "Choose one.")
        )


def choose_labels(run: TrainedRun, number: int, seed: int, start: int = 0) -> NDArray[np.int64]:
    """Returns the class codes of images `start` to `start + number - 1`, shape (number,), at the training prevalence.

    The class of image i depends on the seed and i alone. All are 0 where the generator is not conditioned on classes.

    Args:
        run: Run with the shares of the classes.
        number: Number of images.
        seed: Random seed.
        start: Number of the first image.
    """
    if not run.classes:
        return np.zeros(number, np.int64)
    edges = np.cumsum(list(run.record.class_counts.values()))
    places = draw_rows(seed, Stream.LABELS, start, number, 1)[:, 0] * edges[-1]
    return np.searchsorted(edges, places, side="right")
