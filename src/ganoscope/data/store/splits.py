"""Training, validation and test splits that no patient and no near-duplicate crosses."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ganoscope.errors import UserError, write_count
from ganoscope.seeds import Stream, stream

SPLITS = ("train", "validation", "test")
DEPLETED = 1 / 3
"""If at most this proportion of a class can stay in its split of the source, the class is drawn again for it."""


@dataclass(frozen=True)
class Fractions:
    """Proportions of validation and test images; the rest is for training."""

    validation: float = 0.15
    test: float = 0.15

    def __post_init__(self) -> None:
        """Checks that every split gets images.

        Raises:
            UserError: A proportion is out of range.
        """
        if min(self.validation, self.test) <= 0 or self.validation + self.test >= 1:
            raise UserError(
                f"split proportions are invalid: got validation {self.validation}, test {self.test}; "
                "allowed: both above 0 and together below 1."
            )


def make_splits(
    groups: NDArray[np.int32],
    labels: NDArray[np.int32],
    source_splits: NDArray[np.str_],
    fractions: Fractions,
    seed: int,
) -> NDArray[np.str_]:
    """Returns the split of every image; images of one group always share it.

    Splits of the source are kept: a group that lies entirely in one split stays there, one that crosses splits goes to
    `train`, so that the other splits stay unseen. Splits that the source lacks, or that lost nearly all images of a
    class in this way, are filled from the groups in `train`, class by class, in seeded random order. A class that such
    a split still lacks gets its smallest group, if the split that gives it keeps images of every class.

    Args:
        groups: Group number (patient or near-duplicate cluster) of every image, shape (N,).
        labels: Class number of every image, shape (N,).
        source_splits: `train`, `validation`, `test` or "" for every image, shape (N,).
        fractions: Proportions of validation and test images.
        seed: Random seed of the order.

    Returns:
        One of `SPLITS` for every image, shape (N,).

    Raises:
        UserError: There are fewer than three groups, so not every split can have one.
    """
    if not np.isin(source_splits, ("train", "")).any():  # a `Test` folder alone is not a split
        source_splits = np.full(len(groups), "", np.str_)
    names, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if len(names) < len(SPLITS):
        raise UserError(
            f"too few independent images to split: got {write_count(len(groups), 'image')} in "
            f"{write_count(len(names), 'group')} of the same patient or of near-duplicates; allowed: "
            f"at least {len(SPLITS)} groups. Add images of other patients, or give --split test for a store that is "
            "only tested on."
        )
    chosen = keep_source_splits(inverse, source_splits, len(names))
    strata = majority(inverse, labels, len(names))
    rng = stream(seed, Stream.SPLITS)
    for split, share in (("test", fractions.test), ("validation", fractions.validation)):
        stated = np.bincount(inverse, weights=source_splits == split, minlength=len(names))
        for stratum in np.unique(strata):
            members = strata == stratum
            kept = sizes[members & (chosen == split)].sum()
            if not stated.any() or kept < DEPLETED * stated[members].sum():
                draw(chosen, sizes, members, split, share / remaining(split, fractions), rng)
    drawn = ["train", *(split for split in ("test", "validation") if not (source_splits == split).any())]
    complete_classes(chosen, sizes, count_labels(inverse, labels, len(names)), drawn, rng)
    fill_empty(chosen, sizes)
    return chosen[inverse]


def remaining(split: str, fractions: Fractions) -> float:
    """Returns the proportion of all images that is still in `train` when `split` is drawn."""
    return 1.0 if split == "test" else 1.0 - fractions.test


def count_labels(inverse: NDArray[np.intp], labels: NDArray[np.int32], count: int) -> NDArray[np.int64]:
    """Returns the number of images of every group in every class, shape (count, classes).

    Args:
        inverse: Group index of every image, shape (N,).
        labels: Class number of every image, shape (N,).
        count: Number of groups.
    """
    classes = int(labels.max()) + 1
    pairs = np.bincount(inverse.astype(np.int64) * classes + labels, minlength=count * classes)
    return pairs.reshape(count, classes)


def complete_classes(
    chosen: NDArray[np.str_],
    sizes: NDArray[np.intp],
    held: NDArray[np.int64],
    splits: Sequence[str],
    rng: np.random.Generator,
) -> None:
    """Moves one group to every split that lacks a class, in place, unless the split it comes from would then lack one.

    Only `train` may take the last group of a class: nothing can be tested that was never learned.

    Args:
        chosen: Split of every group, shape (count,); changed in place.
        sizes: Number of images of every group, shape (count,).
        held: Number of images of every group in every class, shape (count, classes).
        splits: Splits to complete and to take from, in the order of importance.
        rng: Random generator.
    """
    rare_first = np.argsort((held > 0).sum(axis=0), kind="stable")
    for split, label in product(splits, rare_first):
        if held[chosen == split, label].any():
            continue
        for donor in (other for other in splits if other != split):
            emptied = (held[chosen == donor].sum(axis=0) == held) & (held > 0)
            emptied[:, label] &= split != "train"
            spare = (chosen == donor) & (held[:, label] > 0) & ~emptied.any(axis=1)
            if spare.any():
                candidates = rng.permutation(np.flatnonzero(spare))
                chosen[candidates[sizes[candidates].argmin()]] = split
                break


def keep_source_splits(inverse: NDArray[np.intp], source_splits: NDArray[np.str_], count: int) -> NDArray[np.str_]:
    """Returns the source split of every group, shape (count,): that of its images if they agree, else `train`.

    Args:
        inverse: Group index of every image, shape (N,).
        source_splits: Source split of every image, shape (N,).
        count: Number of groups.
    """
    chosen = np.full(count, "train", dtype="<U10")
    for split in ("validation", "test"):
        inside = np.bincount(inverse, weights=source_splits == split, minlength=count)
        chosen[inside == np.bincount(inverse, minlength=count)] = split
    return chosen


def majority(inverse: NDArray[np.intp], labels: NDArray[np.int32], count: int) -> NDArray[np.intp]:
    """Returns the most frequent label of every group, shape (count,).

    Args:
        inverse: Group index of every image, shape (N,).
        labels: Class number of every image, shape (N,).
        count: Number of groups.
    """
    kinds = int(labels.max()) + 1
    pairs, votes = np.unique(inverse.astype(np.int64) * kinds + labels, return_counts=True)
    winners = np.zeros(count, np.intp)
    by_votes = np.argsort(votes, kind="stable")  # the last to write a group is its most frequent label
    winners[pairs[by_votes] // kinds] = pairs[by_votes] % kinds
    return winners


def draw(
    chosen: NDArray[np.str_],
    sizes: NDArray[np.intp],
    eligible: NDArray[np.bool_],
    split: str,
    share: float,
    rng: np.random.Generator,
) -> None:
    """Moves random eligible groups from `train` to `split`, in place, until it holds `share` of their images.

    Args:
        chosen: Split of every group, shape (count,); changed in place.
        sizes: Number of images of every group, shape (count,).
        eligible: Groups that may be moved, shape (count,), bool.
        split: Split to fill.
        share: Proportion of the eligible images to move.
        rng: Random generator.
    """
    candidates = rng.permutation(np.flatnonzero(eligible & (chosen == "train")))
    wanted = share * sizes[candidates].sum()
    taken = 0
    for group in candidates:
        if taken + sizes[group] / 2 <= wanted:
            chosen[group] = split
            taken += sizes[group]


def fill_empty(chosen: NDArray[np.str_], sizes: NDArray[np.intp]) -> None:
    """Gives every empty split the smallest group of the split with most groups, in place; shape (count,) each."""
    for split in SPLITS:
        if not (chosen == split).any():
            largest = max(SPLITS, key=lambda name: int((chosen == name).sum()))
            members = np.flatnonzero(chosen == largest)
            chosen[members[sizes[members].argmin()]] = split
