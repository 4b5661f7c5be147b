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

from collections.abc import Callable
from dataclasses import dataclass

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

NEIGHBOURS = 5
"""Images of other groups that a neighbourhood reaches to."""


@dataclass(frozen=True)
class Neighbourhoods:
    """Two sets in each other's neighbourhoods.

    Attributes:
        distances: Between the generated (or other real) images and the reference, shape (N, M).
        own_reach: Reach of the first set's neighbourhoods, shape (N,).
        reach: Reach of the reference's, shape (M,).
        own_groups: Group of each image of the first set, shape (N,).
        groups: Group of each image of the reference, shape (M,).
    """

    distances: NDArray[np.float64]
    own_reach: NDArray[np.float64]
    reach: NDArray[np.float64]
    own_groups: list[str]
    groups: list[str]

    @property
    def precision(self) -> Estimate:
        """Share of the first set inside the neighbourhood of a reference image."""
        return estimate_mean(np.asarray((self.distances <= self.reach).any(1), np.float64), self.own_groups)

    @property
    def recall(self) -> Estimate:
        """Share of the reference inside the neighbourhood of an image of the first set."""
        return estimate_mean(np.asarray((self.distances <= self.own_reach[:, None]).any(0), np.float64), self.groups)

    @property
    def density(self) -> Estimate:
        """Mean number of reference neighbourhoods that hold an image of the first set, divided by `NEIGHBOURS`."""
        return estimate_mean((self.distances <= self.reach).sum(1) / NEIGHBOURS, self.own_groups)

    @property
    def coverage(self) -> Estimate:
        """Share of the reference whose neighbourhood holds an image of the first set."""
        return estimate_mean(np.asarray((self.distances <= self.reach).any(0), np.float64), self.groups)


def compute_distances(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns Euclidean distances between features (N, C) and (M, C), shape (N, M)."""
    squares: NDArray[np.float64] = first @ second.T
    squares *= -2
    squares += (first**2).sum(1)[:, None]
    squares += (second**2).sum(1)
    return np.sqrt(squares.clip(min=0, out=squares), out=squares)


def compute_reach(features: Features) -> NDArray[np.float64]:
    """Returns the distance of each image from its fifth nearest neighbour of another group, shape (N,)."""
    distances = compute_other_distances(features)
    distances.partition(NEIGHBOURS - 1, axis=1)
    return distances[:, NEIGHBOURS - 1].copy()


def compute_other_distances(features: Features) -> NDArray[np.float64]:
    """Returns the distances between the images of a set, shape (N, N); infinite within a group."""
    member = np.unique(features.groups, return_inverse=True)[1]
    distances = compute_distances(features.values, features.values)
    if len(member) and member.max() + 1 == len(member):
        np.fill_diagonal(distances, np.inf)
    else:
        distances[member[:, None] == member] = np.inf
    return distances


def compare_sets(first: Features, reference: Features) -> Neighbourhoods:
    """Returns two sets in each other's neighbourhoods.

    Raises:
        UserError: A set has too few groups.
    """
    refuse_few_groups(first, reference)
    return Neighbourhoods(
        distances=compute_distances(first.values, reference.values),
        own_reach=compute_reach(first),
        reach=compute_reach(reference),
        own_groups=[str(name) for name in first.groups],
        groups=[str(name) for name in reference.groups],
    )


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
    return measure_at_equal_size(lambda first, reference: getattr(compare_sets(first, reference), name), evidence)


def measure_at_equal_size(compare: Callable[[Features, Features], Estimate], evidence: Comparison) -> Measured:
    """Returns a share that depends on the number of images, and its floor, for sets of equal size.

    Args:
        compare: Maps the features of a set, and those of as many reference images, to the share.
        evidence: Holds generated and training images and an extractor; held-out images where there are any.

    Raises:
        UserError: Something is missing, the sets are too small, or the extractor does not fit the store.
    """
    generated, real, peer = extract_sets(evidence)
    refuse_unlike(generated, real, *([peer] if peer else []))
    rng = stream(evidence.seed, Stream.FLOOR_HALVES)
    reference, other = split_halves(real, rng) if peer is None else (real, peer)
    images = min(len(reference.values), len(other.values), len(generated.values))
    reference, other, generated = (take_random(side, images, rng) for side in (reference, other, generated))
    value, floor = (compare(side, reference) for side in (generated, other))
    return Measured(value, floor, "higher", at_floor_size=value.value)
