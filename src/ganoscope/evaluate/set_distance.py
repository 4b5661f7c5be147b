"""Distances between generated and real images: interval, floor, sample sizes and extractor.

The floor is the distance of real images from real images of other patients. Distances grow as samples shrink, so the
generated images are measured once more at exactly the floor's sizes: only these two numbers may be compared. At the
floor, generated images can't be distinguished from real ones by this measure. Below it, they lie closer to the
reference than unseen real images do, as copies of it would.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.contracts import Measured
from ganoscope.errors import describe, refuse
from ganoscope.evaluate.comparison import Comparison, require
from ganoscope.evaluate.features import Features, extract_features, extract_store_features
from ganoscope.seeds import Stream, stream
from ganoscope.statistics.bootstrap import DISTANCE_RESAMPLES
from ganoscope.statistics.bootstrap import draw_weights as resample
from ganoscope.statistics.estimate import Estimate, compute_percentile_interval

DRAWS = 50
"""Random draws of disjoint real sets that the floor is averaged over."""
FEWEST = 4
"""Smallest number of images per set."""

Measure = Callable[[Features, Features], float]
"""Maps the features of two sets to their distance."""


@dataclass(frozen=True)
class Floor:
    """Two distances at the same sample sizes, averaged over random draws: of real and of generated images.

    Attributes:
        images: Number of images on each side.
        real: Mean distance of real images from real images of other patients.
        low: 2.5th percentile of the same over the draws.
        high: 97.5th percentile.
        generated: Mean distance of generated images from the same real images.
        peers: Source of the other real images: `halves` of the reference, or a `peer` set.
    """

    images: int
    real: float
    low: float
    high: float
    generated: float
    peers: str


@dataclass(frozen=True)
class Distance:
    """A distance between generated and real images.

    Attributes:
        metric: `frechet` or `kernel`.
        value: Distance of all generated from all real images.
        low: Lower end of its 95% bootstrap interval, at these sample sizes.
        high: Upper end.
        generated_images: Number of generated images.
        real_images: Number of real images.
        real_groups: Number of patients or near-duplicate clusters among the real images.
        dimension: Number of features.
        extractor: Name of the extractor.
        weights_sha256: SHA-256 of its weights.
        floor: Distance of real images, and of generated ones at the same sample sizes.
        warnings: Limits of the number's meaning.
    """

    metric: str
    value: float
    low: float
    high: float
    generated_images: int
    real_images: int
    real_groups: int
    dimension: int
    extractor: str
    weights_sha256: str
    floor: Floor
    warnings: tuple[str, ...]


def make_distance(
    metric: str, generated: Features, real: Features, estimate: tuple[float, float, float], floor: Floor
) -> Distance:
    """Returns the record of a distance.

    Args:
        metric: `frechet` or `kernel`.
        generated: Features of generated images.
        real: Features of real images.
        estimate: Distance and the ends of its interval.
        floor: Its floor.
    """
    dimension = generated.values.shape[1]
    return Distance(
        metric=metric,
        value=estimate[0],
        low=estimate[1],
        high=estimate[2],
        generated_images=generated.count,
        real_images=real.count,
        real_groups=len(np.unique(real.groups)),
        dimension=dimension,
        extractor=real.extractor,
        weights_sha256=real.weights_sha256,
        floor=floor,
        warnings=(),
    )


def extract_sets(evidence: Comparison) -> tuple[Features, Features, Features | None]:
    """Returns features of generated, training and, where there are any, held-out images.

    Raises:
        UserError: The generated images, the training images or the extractor are missing, or do not fit each other.
    """
    if evidence.features:
        return evidence.features
    extractor = require(evidence.extractor, "extractor")
    generated = extract_features(extractor, [require(evidence.generated, "generated").images])
    training, held_out = require(evidence.training, "training"), evidence.held_out
    real = extract_store_features(extractor, training.store, training.indices)
    peer = extract_store_features(extractor, held_out.store, held_out.indices) if held_out else None
    return generated, real, peer


def summarise_distance(distance: Distance) -> Measured:
    """Returns a distance as a measurement; the floor is measured at its own, smaller sample sizes."""
    floor = distance.floor
    groups = distance.generated_images + distance.real_groups
    images = distance.generated_images + distance.real_images
    return Measured(
        value=Estimate(distance.value, distance.low, distance.high, images, groups),
        floor=Estimate(floor.real, floor.low, floor.high, 2 * floor.images, distance.real_groups),
        better="lower",
        at_floor_size=floor.generated,
        warnings=distance.warnings,
    )


def refuse_unlike(*sets: Features) -> None:
    """Refuses features of different extractors, and sets that are too small, with all faults in one message.

    Raises:
        UserError: The sets can't be compared.
    """
    faults = []
    if len({features.weights_sha256 for features in sets}) > 1:
        names = " and ".join(sorted({features.extractor for features in sets}))
        faults.append(describe("features of different extractors can't be compared", names, "one for all sets", ""))
    images = min(len(features.values) for features in sets)
    groups = min(len(np.unique(features.groups)) for features in sets)
    for name, count, fewest in (("images", images, FEWEST), ("patients", groups, 2)):
        if count < fewest:
            faults.append(describe(f"too few {name} for a distance", count, f"{fewest} or more per set", "Take more."))
    refuse(faults)


def draw_weights(groups: NDArray[Any], seed: int, times: float = 1.0) -> NDArray[np.float64]:
    """Returns how often each bootstrap sample holds each image, shape (DISTANCE_RESAMPLES, N).

    Args:
        groups: Group of each image, shape (N,).
        seed: Seed of the resampling.
        times: How many times as many groups as there are a sample holds: more than 1 where the images are a random
            part of a set so many times larger.
    """
    member = np.unique(groups, return_inverse=True)[1]
    rng, count = stream(seed, Stream.DISTANCE_BOOTSTRAP), int(member.max()) + 1
    if times > 1:
        drawn = rng.multinomial(round(times * count), np.full(count, 1 / count), DISTANCE_RESAMPLES)
        return drawn[:, member].astype(np.float64)
    blocks = resample(member, rng, DISTANCE_RESAMPLES)
    return np.ascontiguousarray(np.concatenate(list(blocks)))  # the last bits of products depend on the layout


def measure_floor(measure: Measure, generated: Features, real: Features, peer: Features | None, seed: int) -> Floor:
    """Returns the distance of real images from real images of other patients, and of generated ones at the same sizes.

    Args:
        measure: Distance of two sets.
        generated: Features of generated images.
        real: Features of the reference.
        peer: Features of real images of other patients, in the place of a perfect generator's. None takes one random
            half of the reference in that place, and the other half as the reference.
        seed: Seed of the draws.
    """
    rng = stream(seed, Stream.FLOOR_HALVES)
    real_distances, generated_distances = [], []
    for _ in range(DRAWS):
        reference, other = split_halves(real, rng) if peer is None else (real, peer)
        images = min(len(reference.values), len(other.values), len(generated.values))
        reference, other, chosen = (take_random(side, images, rng) for side in (reference, other, generated))
        real_distances.append(measure(other, reference))
        generated_distances.append(measure(chosen, reference))
    low, high = compute_percentile_interval(real_distances)
    means = float(np.mean(real_distances)), float(np.mean(generated_distances))
    return Floor(images, means[0], low, high, means[1], "halves" if peer is None else "peer")


def take_random(side: Features, images: int, rng: np.random.Generator) -> Features:
    """Returns random images, of two groups or more where the set has them: a single group has no variance.

    Args:
        side: Features of the set.
        images: Number of images to take, 2 or more.
        rng: Source of the draws.
    """
    order = rng.permutation(len(side.values))
    others = np.flatnonzero(side.groups[order] != side.groups[order[0]])
    if len(others) and others[0] >= images:
        order[[images - 1, others[0]]] = order[[others[0], images - 1]]
    return side.take(order[:images])


def split_halves(real: Features, rng: np.random.Generator) -> tuple[Features, Features]:
    """Returns two random halves of a set of two groups or more; they share no group and are nearly equal in size."""
    names, member = np.unique(real.groups, return_inverse=True)
    order = np.argsort(rng.permutation(len(names))[member], kind="stable")
    starts = np.flatnonzero(np.diff(member[order])) + 1
    cut = starts[np.abs(starts - len(order) / 2).argmin()]
    return real.take(order[:cut]), real.take(order[cut:])
