"""Precision, recall, density and coverage of generated images: who lies in whose neighbourhood, in a feature space.

The neighbourhood of an image reaches to its fifth nearest neighbour of the same set. Generated images inside those of
real images look real (precision, density); real images inside those of generated images are within reach (recall);
real images whose neighbourhood holds a generated one are covered (coverage).

Shares depend on the number of images, so three random sets of equal size are taken: generated images, a reference of
real training images, and real images of other patients, whose shares are the floor.

Source: Kynkaanniemi et al. 2019, "Improved Precision and Recall Metric for Assessing Generative Models", sect. 3,
    https://arxiv.org/abs/1904.06991; Naeem et al. 2020, "Reliable Fidelity and Diversity Metrics for Generative
    Models", sect. 3, https://arxiv.org/abs/2002.09797
Differs: neighbours of the same patient do not count for the reach of a neighbourhood: two films of one patient would
    make it small. The interval resamples the images whose share is counted, by patient; the other set is taken as it
    is.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from ganoscope.contracts import Measured
from ganoscope.errors import describe, refuse
from ganoscope.evaluate.comparison import Comparison
from ganoscope.evaluate.features import Features
from ganoscope.evaluate.set_distance import extract_sets, refuse_unlike, split_halves, take_random
from ganoscope.seeds import Stream, stream
from ganoscope.statistics.bootstrap import estimate_mean
from ganoscope.statistics.estimate import Estimate

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
NEIGHBOURS = 5
"""Images of other groups that a neighbourhood reaches to."""
BLOCK, MOST_VALUES = 1024, 2**24
"""Images whose distances from all others are in memory at once, and the number of these distances, at most."""


@dataclass(frozen=True)
class Reference:
    """A set of images with its neighbourhoods. Reaches are squared distances, as are all distances below.

    Attributes:
        features: Features of the images.
        reach: Squared reach of each neighbourhood, shape (M,).
    """

    features: Features
    reach: Floats

    @cached_property
    def clipped_reach(self) -> Floats:
        """Reach, at most the median one, shape (M,)."""
        return np.minimum(self.reach, np.median(self.reach))

    @cached_property
    def own_held(self) -> Counts:
        """Number of clipped neighbourhoods of other groups that hold each image, shape (M,)."""
        held = np.zeros(len(self.reach), np.int64)
        for rows, squares in walk_own_squares(self.features):
            held += (squares <= self.clipped_reach[rows, None]).sum(axis=0)
        return held


@dataclass(frozen=True)
class Neighbourhoods:
    """Two sets in each other's neighbourhoods.

    Attributes:
        reference: The second set.
        held: Number of the reference's neighbourhoods that hold each image of the first set, shape (N,).
        clipped_held: The same of clipped neighbourhoods, shape (N,).
        met: Number of images of the first set that each neighbourhood of the reference holds, shape (M,).
        reached: Whether a neighbourhood of the first set holds each image of the reference, shape (M,).
        own_groups: Group of each image of the first set, shape (N,).
        groups: Group of each image of the reference, shape (M,).
    """

    reference: Reference
    held: Counts
    clipped_held: Counts
    met: Counts
    reached: NDArray[np.bool_]
    own_groups: list[str]
    groups: list[str]

    @property
    def precision(self) -> Estimate:
        """Share of the first set inside the neighbourhood of a reference image."""
        return estimate_mean(np.asarray(self.held > 0, np.float64), self.own_groups)

    @property
    def recall(self) -> Estimate:
        """Share of the reference inside the neighbourhood of an image of the first set."""
        return estimate_mean(np.asarray(self.reached, np.float64), self.groups)

    @property
    def density(self) -> Estimate:
        """Mean number of reference neighbourhoods that hold an image of the first set, divided by `NEIGHBOURS`."""
        return estimate_mean(self.held / NEIGHBOURS, self.own_groups)

    @property
    def coverage(self) -> Estimate:
        """Share of the reference whose neighbourhood holds an image of the first set."""
        return estimate_mean(np.asarray(self.met > 0, np.float64), self.groups)


def compute_squares(first: Floats, second: Floats) -> Floats:
    """Returns squared Euclidean distances between features (N, C) and (M, C), shape (N, M)."""
    squares: Floats = first @ second.T
    squares *= -2
    squares += np.einsum("nc,nc->n", first, first)[:, None]
    squares += np.einsum("nc,nc->n", second, second)
    return squares.clip(min=0, out=squares)


def compute_distances(first: Floats, second: Floats) -> Floats:
    """Returns Euclidean distances between features (N, C) and (M, C), shape (N, M)."""
    squares = compute_squares(first, second)
    return np.sqrt(squares, out=squares)


def cut_rows(count: int, others: int) -> Iterator[slice]:
    """Yields blocks of rows of a matrix of distances, such that memory does not grow with the number of columns.

    Args:
        count: Number of rows.
        others: Number of columns.
    """
    rows = max(1, min(BLOCK, MOST_VALUES // max(others, 1)))
    yield from (slice(start, min(start + rows, count)) for start in range(0, count, rows))


def walk_own_squares(features: Features) -> Iterator[tuple[slice, Floats]]:
    """Yields blocks of the squared distances within a set, shape (n, N), with their rows; infinite within a group."""
    member = np.unique(features.groups, return_inverse=True)[1]
    alone = len(member) == member.max() + 1
    for rows in cut_rows(len(member), len(member)):
        squares = compute_squares(features.values[rows], features.values)
        if alone:
            np.fill_diagonal(squares[:, rows], np.inf)
        else:
            squares[member[rows, None] == member] = np.inf
        yield rows, squares


def compute_reach(features: Features) -> Floats:
    """Returns the squared distance of each image from its fifth nearest neighbour of another group, shape (N,)."""
    reach = np.empty(len(features.values))
    for rows, squares in walk_own_squares(features):
        places = np.arange(len(squares))
        for _ in range(NEIGHBOURS - 1):  # five minima take an eighth of the time of a partition
            squares[places, squares.argmin(axis=1)] = np.inf
        reach[rows] = squares.min(axis=1)
    return reach


def find_reference(features: Features) -> Reference:
    """Returns a set with its neighbourhoods.

    Raises:
        UserError: It has too few groups.
    """
    refuse_few_groups(features)
    return Reference(features, compute_reach(features))


def compare_sets(first: Features, reference: Reference) -> Neighbourhoods:
    """Returns two sets in each other's neighbourhoods; see `cut_rows` for memory.

    Raises:
        UserError: The first set has too few groups.
    """
    own_reach = find_reference(first).reach
    held, clipped = np.zeros((2, len(own_reach)), np.int64)
    met, reached = np.zeros(len(reference.reach), np.int64), np.zeros(len(reference.reach), np.bool_)
    for rows in cut_rows(len(own_reach), len(reference.reach)):
        squares = compute_squares(first.values[rows], reference.features.values)
        inside = squares <= reference.reach
        held[rows] = np.count_nonzero(inside, axis=1)
        met += np.count_nonzero(inside, axis=0)
        clipped[rows] = np.count_nonzero(squares <= reference.clipped_reach, axis=1)
        reached |= (squares <= own_reach[rows, None]).any(axis=0)
    names, groups = ([str(name) for name in side.groups] for side in (first, reference.features))
    return Neighbourhoods(reference, held, clipped, met, reached, names, groups)


def refuse_few_groups(*sets: Features) -> None:
    """Refuses sets in which an image has fewer neighbours of other groups than a neighbourhood reaches to.

    Raises:
        UserError: A set is too small.
    """
    faults = []
    for features in sets:
        sizes = np.unique(features.groups, return_counts=True)[1]
        fewest = int(len(features.values) - sizes.max())
        if fewest < NEIGHBOURS:
            fault = "too few images of other patients for neighbourhoods"
            faults.append(describe(fault, fewest, f"{NEIGHBOURS} or more", "Take more images."))
    refuse(faults)


def measure_share(name: str, evidence: Comparison) -> Measured:
    """Returns one share of the generated images, and that of real images of other patients.

    Args:
        name: `precision`, `recall`, `density` or `coverage`.
        evidence: Holds generated and training images and an extractor; held-out images where there are any.

    Raises:
        UserError: Something is missing, the sets are too small, or the extractor does not fit the store.
    """
    return measure_at_equal_size(attrgetter(name), evidence)


def measure_at_equal_size(share: Callable[[Neighbourhoods], Estimate], evidence: Comparison) -> Measured:
    """Returns a share that depends on the number of images, and its floor, for sets of equal size.

    Args:
        share: Maps two sets in each other's neighbourhoods to the share.
        evidence: Holds generated and training images and an extractor; held-out images where there are any.

    Raises:
        UserError: Something is missing, the sets are too small, or the extractor does not fit the store.
    """
    if NEIGHBOURHOODS not in evidence.kept:
        evidence.kept[NEIGHBOURHOODS] = compare_at_equal_size(evidence)
    value, floor = (share(one) for one in evidence.kept[NEIGHBOURHOODS])
    return Measured(value, floor, "higher", at_floor_size=value.value)


NEIGHBOURHOODS = "neighbourhoods"
"""Name under which evidence keeps the neighbourhoods for all shares."""


def compare_at_equal_size(evidence: Comparison) -> tuple[Neighbourhoods, Neighbourhoods]:
    """Returns generated images, and as many real images of other patients, beside the same reference.

    Args:
        evidence: As in `measure_at_equal_size`.

    Raises:
        UserError: Something is missing, the sets are too small, or the extractor does not fit the store.
    """
    generated, real, peer = extract_sets(evidence)
    refuse_unlike(generated, real, *([peer] if peer else []))
    rng = stream(evidence.seed, Stream.FLOOR_HALVES)
    reference, other = split_halves(real, rng) if peer is None else (real, peer)
    images = min(len(reference.values), len(other.values), len(generated.values))
    reference, other, generated = (take_random(side, images, rng) for side in (reference, other, generated))
    found = find_reference(reference)
    return compare_sets(generated, found), compare_sets(other, found)
