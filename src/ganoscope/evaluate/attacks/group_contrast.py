r"""Whether one set of images scores above another, for scores of images that belong to patients.

Two kinds of linear rank statistics look at it. The sum of ranks, which is the AUROC, sees a shift of the whole set. The
number of images in the top few percent of all ranks sees a few that stand out. Each is studentised by patient:

.. math:: z = \sum_g w_g / \sqrt{\sum_g w_g^2}, \quad w_g = \sum_{i \in g} (y_i - \bar y_s) (a_i - \bar a_s)

with label y, rank score a, patient g and stratum s (such as the model that an image is tried on). Random splits of
patients then need no ranking of their own: only the labels change.

Source: linear rank statistics: Hajek, Sidak, Sen 1999, "Theory of Rank Tests", ch. 4; permutation of studentised
    statistics: Chung, Romano 2013, https://doi.org/10.1214/13-AOS1090
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Tried:
    """Scores of images, and what they belong to.

    Attributes:
        scores: Shape (N,); higher means more like a member.
        member: Whether each belongs to the set that should score higher, shape (N,).
        groups: Patient of each, shape (N,), integers.
        strata: Stratum of each, within which scores can be compared, shape (N,), integers.
    """

    scores: Floats
    member: NDArray[np.bool_]
    groups: Integers
    strata: Integers

    def take(self, chosen: NDArray[np.bool_]) -> "Tried":
        """Returns the chosen ones, shape (N,)."""
        return Tried(self.scores[chosen], self.member[chosen], self.groups[chosen], self.strata[chosen])


def try_images(scores: Floats, member: NDArray[np.bool_], groups: Integers) -> Tried:
    """Returns scores that can all be compared with each other.

    Args:
        scores: Shape (N,).
        member: As in `Tried`, shape (N,).
        groups: Patient of each, shape (N,).
    """
    return Tried(np.asarray(scores, np.float64), member, groups, np.zeros(len(scores), np.int64))


def rank_within(scores: Floats, strata: Integers) -> Floats:
    """Returns the rank of each score in its stratum, (rank - 1/2) / number, in (0, 1), with mean ranks for ties.

    Example:
        >>> rank_within(np.array([3.0, 1.0, 5.0, 5.0]), np.array([0, 0, 1, 1])).tolist()
        [0.75, 0.25, 0.5, 0.5]
    """
    from scipy.stats import rankdata  # imported late: it takes half a second

    ranks = np.empty(len(scores))
    for stratum in np.unique(strata):
        chosen = strata == stratum
        ranks[chosen] = (rankdata(scores[chosen]) - 0.5) / chosen.sum()
    return ranks


def mark_top(ranks: Floats, share: float) -> Floats:
    """Returns 1 for ranks, in (0, 1), in the top share, else 0."""
    return (ranks > 1 - share).astype(np.float64)


def centre(values: Floats, strata: Integers) -> Floats:
    """Returns values minus the mean of their stratum, shape (N,)."""
    places = np.unique(strata, return_inverse=True)[1]
    centred: Floats = values - (np.bincount(places, values) / np.bincount(places))[places]
    return centred


def sum_groups(values: Floats, groups: Integers) -> Floats:
    """Returns the sum of the values of each group, in the order of `np.unique(groups)`."""
    sums: Floats = np.bincount(np.unique(groups, return_inverse=True)[1], values.astype(np.float64)).astype(np.float64)
    return sums


def weigh_groups(tried: Tried, values: Floats) -> Floats:
    """Returns what each patient adds to a linear rank statistic, shape (G,).

    Args:
        tried: The images.
        values: Rank score of each, shape (N,).
    """
    labels = centre(tried.member.astype(np.float64), tried.strata)
    return sum_groups(labels * centre(values, tried.strata), tried.groups)


def studentise(weights: Floats) -> float:
    """Returns a statistic divided by its standard error, from what each patient adds; 0 where nothing varies."""
    spread = float(np.sqrt((weights**2).sum()))
    return float(weights.sum()) / spread if spread > 0 else 0.0


def studentise_splits(values: Floats, counts: Integers, labels: Floats) -> Floats:
    """Returns the studentised statistic of many labellings of the same patients, shape (R,).

    Args:
        values: Sum of centred rank scores of each patient, shape (G,).
        counts: Images of each patient, shape (G,).
        labels: 1 for patients of the set that should score higher, else 0, shape (R, G).
    """
    share = labels @ counts / counts.sum()
    squares = (1 - 2 * share) * (labels @ values**2) + share**2 * (values**2).sum()
    sums = labels @ values - share * values.sum()
    return np.divide(sums, np.sqrt(squares), out=np.zeros_like(sums), where=squares > 0)


def compute_split_auroc(values: Floats, counts: Integers, labels: Floats) -> Floats:
    """Returns the AUROC of many labellings of the same patients, shape (R,).

    Args:
        values: Sum of centred ranks of each patient, shape (G,).
        counts: Images of each patient, shape (G,).
        labels: As in `studentise_splits`, shape (R, G).
    """
    share = labels @ counts / counts.sum()
    auroc: Floats = 0.5 + (labels @ values - share * values.sum()) / (counts.sum() * share * (1 - share))
    return auroc


def draw_labels(groups: int, members: int, rng: np.random.Generator, splits: int) -> Floats:
    """Returns random labellings of patients, 1 or 0 for each, shape (splits, groups).

    Args:
        groups: Number of patients.
        members: Number of those that are 1.
        rng: Source of the draws.
        splits: Number of labellings.
    """
    order = rng.permuted(np.broadcast_to(np.arange(groups), (splits, groups)), axis=1)
    return (order < members).astype(np.float64)
