"""How added images, such as synthetic ones, are mixed with real ones while a classifier is trained.

An epoch has the same number of images in every mix, so that classifiers that are compared take equally many steps. The
share of added images is constant, or changes from epoch to epoch as a curriculum. Which images are seen next depends on
the seed and the number of images seen alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.feeding.feed import choose_passes
from ganoscope.errors import describe, refuse
from ganoscope.seeds import Stream


@dataclass(frozen=True)
class Stage:
    """The share of added images from an epoch on.

    Attributes:
        epoch: First epoch, from 0.
        share: Share of added images, 0 to 1.
    """

    epoch: int
    share: float


@dataclass(frozen=True)
class Mix:
    """How real and added images are mixed.

    Attributes:
        stages: Shares of added images, by ascending epoch; the first begins at epoch 0.
        epoch_images: Images in an epoch; it is cut to whole batches.
    """

    stages: tuple[Stage, ...]
    epoch_images: int

    def find_share(self, epoch: int) -> float:
        """Returns the share of added images in an epoch, counted from 0.

        Example:
            >>> mix = Mix((Stage(0, 0.0), Stage(5, 0.25)), 100)
            >>> mix.find_share(4), mix.find_share(5), mix.find_share(60)
            (0.0, 0.25, 0.25)
        """
        return next(stage.share for stage in reversed(self.stages) if stage.epoch <= epoch)


def parse_schedule(text: str) -> tuple[Stage, ...]:
    """Returns the stages of a schedule such as `0:0.0,5:0.25,10:0.5`: first epoch and share of added images.

    Raises:
        UserError: A stage can't be read, does not begin after the one before, or has a share outside 0 to 1; or the
            first does not begin at epoch 0. All faults are reported.

    Example:
        >>> parse_schedule("0:0,5:0.25")
        (Stage(epoch=0, share=0.0), Stage(epoch=5, share=0.25))
    """
    parts = [part.partition(":") for part in text.split(",")]
    unreadable = [epoch + colon + share for epoch, colon, share in parts if not is_stage(epoch, share)]
    refuse(
        [
            describe("--schedule has a stage that can't be read", part or "nothing", "EPOCH:SHARE", EXAMPLE)
            for part in unreadable
        ]
    )
    stages = tuple(Stage(int(epoch), float(share)) for epoch, _, share in parts)
    faults = [
        describe("--schedule has a share out of range", f"{stage.share:g}", "0 to 1", EXAMPLE)
        for stage in stages
        if not 0 <= stage.share <= 1
    ]
    faults += [
        describe("--schedule goes backwards", f"epoch {after.epoch} after {before.epoch}", "rising epochs", EXAMPLE)
        for before, after in pairwise(stages)
        if after.epoch <= before.epoch
    ]
    if stages[0].epoch:
        faults.append(describe("--schedule does not begin at epoch 0", stages[0].epoch, "0", EXAMPLE))
    refuse(faults)
    return stages


def is_stage(epoch: str, share: str) -> bool:
    """Tells whether two texts are an epoch and a share."""
    try:
        return math.isfinite(float(share)) and epoch.strip().isdigit()
    except ValueError:
        return False


EXAMPLE = "For example, 0:0.0,5:0.25,10:0.5."
"""Remedy of a schedule with faults."""


def choose_mixed(
    real: NDArray[np.int64], added: NDArray[np.int64], mix: Mix, images_seen: int, batch_size: int, seed: int
) -> NDArray[np.int64]:
    """Returns the store indices of the batch after `images_seen` images.

    Among the first t images of an epoch with share s, floor(s t) are added ones. Real and added images have passes of
    their own; none is repeated before all others of its kind were seen.

    Args:
        real: Store indices of the real training images, shape (N,).
        added: Store indices of the added ones, shape (M,).
        mix: How they are mixed; `epoch_images` is a multiple of the batch size.
        images_seen: Images seen so far.
        batch_size: Images per batch.
        seed: Random seed.

    Returns:
        Shape (batch_size,).

    Example:
        >>> mix = Mix((Stage(0, 0.25),), 8)
        >>> batch = choose_mixed(np.arange(6), np.array([90, 91]), mix, 0, 8, seed=0)
        >>> np.flatnonzero(batch >= 90).tolist(), sorted(batch.tolist())
        ([3, 7], [0, 1, 2, 3, 4, 5, 90, 91])
    """
    epoch, first = divmod(images_seen, mix.epoch_images)
    before = sum(count_added(mix.find_share(each), mix.epoch_images) for each in range(epoch))
    share = mix.find_share(epoch)
    counts = np.array([count_added(share, place) for place in range(first, first + batch_size + 1)])
    is_added = np.diff(counts) == 1
    added_places = before + counts[:-1]
    real_places = np.arange(images_seen, images_seen + batch_size) - added_places
    chosen = np.empty(batch_size, np.int64)
    if is_added.any():
        chosen[is_added] = choose_passes(added, added_places[is_added], (seed, Stream.ADDED_PASSES))
    if not is_added.all():
        chosen[~is_added] = choose_passes(real, real_places[~is_added], (seed, Stream.PASSES))
    return chosen


def count_added(share: float, images: int) -> int:
    """Returns how many of the first images of an epoch are added ones."""
    return int(share * images + 1e-9)


def find_added(kinds: Sequence[str] | NDArray[np.str_], indices: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Returns which of some images were added, shape (B,).

    Args:
        kinds: Column `added` of the store.
        indices: Positions of the images, shape (B,).
    """
    found: NDArray[np.bool_] = np.asarray(kinds)[indices] != ""
    return found


def refuse_unfit_mix(mix: Mix, real: int, added: int, batch_size: int) -> None:
    """Refuses a mix that there are no images for.

    Args:
        mix: The mix.
        real: Number of real training images.
        added: Number of added ones.
        batch_size: Images per batch.

    Raises:
        UserError: There are none of the images that it asks for, or its epochs are shorter than a batch.
    """
    shares = [stage.share for stage in mix.stages]
    faults = []
    if max(shares) > 0 and not added:
        faults.append("the schedule asks for added images, and the store has none")
    if min(shares) < 1 and not real:
        faults.append("the schedule asks for real images, and the store has none to train on")
    if mix.epoch_images < batch_size:
        fault = "an epoch is shorter than a batch"
        faults.append(describe(fault, mix.epoch_images, f"{batch_size} images or more", "Lower --batch-size."))
    refuse(faults)
