"""What every distance between generated and real images is reported with: interval, floor, sizes, extractor.

The floor is what real images measure against other real images of other patients, at the same sample sizes. Distances
grow as samples shrink, so the generated images are measured once more at exactly the floor's sizes: only these two
numbers may be compared. At the floor: generated images can't be told from real ones by this measure. Below it: they
lie closer to the reference than unseen real images do, as copies of it would.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.errors import describe, refuse
from ganoscope.evaluate.features import Features
from ganoscope.seeds import Stream, stream
from ganoscope.statistics.bootstrap import DISTANCE_RESAMPLES
from ganoscope.statistics.bootstrap import draw_weights as resample
from ganoscope.statistics.estimate import compute_percentile_interval

DRAWS = 50
"""Random draws of disjoint real sets that the floor is averaged over."""
FEWEST = 4
"""Images per set, at least."""

Measure = Callable[[Features, Features], float]
"""From two sets' features to their distance."""


@dataclass(frozen=True)
class Floor:
    """Two distances at the same sample sizes, averaged over random draws: of real and of generated images.

    Attributes:
        images: On each side.
        real: Mean distance of real images from real images of other patients.
        low: 2.5th percentile of it over the draws.
        high: 97.5th percentile.
        generated: Mean distance of generated images from the same real images.
        peers: Where the other real images come from: `halves` of the reference, or a `peer` set.
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
        value: The distance, all images taking part.
        low: Lower end of its 95 % bootstrap interval, at these sample sizes.
        high: Upper end.
        generated_images: How many took part.
        real_images: How many took part.
        real_groups: Patients or near-duplicate clusters among them.
        dimension: Of the features.
        extractor: Name of the extractor.
        weights_sha256: Of its weights.
        floor: What real images measure, and generated ones at the same sizes.
        warnings: What limits the number's meaning.
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
    """Returns the record of a distance; `estimate` is its value and the ends of its interval."""
    dimension = generated.values.shape[1]
    return Distance(
        metric=metric,
        value=estimate[0],
        low=estimate[1],
        high=estimate[2],
        generated_images=len(generated.values),
        real_images=len(real.values),
        real_groups=len(np.unique(real.groups)),
        dimension=dimension,
        extractor=real.extractor,
        weights_sha256=real.weights_sha256,
        floor=floor,
        warnings=(),
    )


def refuse_unlike(*sets: Features) -> None:
    """Refuses features of different extractors, and sets that are too small; all faults at once.

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


def draw_weights(groups: NDArray[Any], seed: int) -> NDArray[np.float64]:
    """Returns how often each bootstrap sample holds each image, shape (DISTANCE_RESAMPLES, N)."""
    member = np.unique(groups, return_inverse=True)[1]
    blocks = resample(member, stream(seed, Stream.DISTANCE_BOOTSTRAP), DISTANCE_RESAMPLES)
    return np.ascontiguousarray(np.concatenate(list(blocks)))  # the last bits of products depend on the layout


def measure_floor(measure: Measure, generated: Features, real: Features, peer: Features | None, seed: int) -> Floor:
    """Returns what real images measure against real images of other patients, and generated ones at the same sizes.

    Args:
        measure: The distance.
        generated: Of generated images.
        real: The reference.
        peer: Real images of other patients that stand in for a perfect generator's; None takes one half of the
            reference for that, and the other half is the reference then.
        seed: Of the draws.
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
    """Returns two images or more at random, of two groups or more where there are: one alone has no variance."""
    order = rng.permutation(len(side.values))
    others = np.flatnonzero(side.groups[order] != side.groups[order[0]])
    if len(others) and others[0] >= images:
        order[[images - 1, others[0]]] = order[[others[0], images - 1]]
    return side.take(order[:images])


def split_halves(real: Features, rng: np.random.Generator) -> tuple[Features, Features]:
    """Returns two random halves of two groups or more; they share no group, and are as equal as groups allow."""
    names, member = np.unique(real.groups, return_inverse=True)
    order = np.argsort(rng.permutation(len(names))[member], kind="stable")
    starts = np.flatnonzero(np.diff(member[order])) + 1
    cut = starts[np.abs(starts - len(order) / 2).argmin()]
    return real.take(order[:cut]), real.take(order[cut:])
