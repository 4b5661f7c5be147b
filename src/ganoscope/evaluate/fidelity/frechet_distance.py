"""Frechet distance between the features of two sets of images, in double precision."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ganoscope.contracts import Measured, Need
from ganoscope.evaluate.comparison import Comparison
from ganoscope.evaluate.features import Features
from ganoscope.evaluate.moments import Moments, compute_moments
from ganoscope.evaluate.set_distance import (
    Distance,
    draw_weights,
    extract_sets,
    make_distance,
    measure_floor,
    refuse_unlike,
    summarise_distance,
)
from ganoscope.statistics.estimate import compute_shifted_interval

NAME = "frechet_distance"
NEEDS: frozenset[Need] = frozenset({"generated", "training", "extractor"})

Floats = NDArray[np.float64]
FEWEST_PER_DIMENSION = 2
"""Number of images per feature below which covariances are too uncertain: there is a warning."""


def compute_frechet_distance(first: Moments, second: Moments) -> float:
    r"""Returns the squared Frechet distance of two Gaussians with these moments.

    d^2 = |mu_1 - mu_2|^2 + tr(S_1 + S_2 - 2 (S_1 S_2)^{1/2}).

    Source: Dowson, Landau 1982, https://doi.org/10.1016/0047-259X(82)90077-X; for images, Heusel et al. 2017,
        eq. 6, https://arxiv.org/abs/1706.08500.
    Differs: tr (S_1 S_2)^{1/2} is the sum of the roots of the eigenvalues of the symmetric L^T S_2 L, S_1 = L L^T,
        which are those of S_1 S_2 other than 0, real, and stable where covariances are singular.
    """
    own, other = first.covariance, second.covariance
    factor = factorise(own)
    overlap = np.sqrt(np.linalg.eigvalsh(factor.T @ other @ factor).clip(min=0)).sum()
    traces = np.trace(own) + np.trace(other)
    return float(max(((first.mean - second.mean) ** 2).sum() + traces - 2 * overlap, 0.0))


def factorise(covariance: Floats) -> Floats:
    """Returns L, shape (C, R), with covariance = L L^T: Cholesky's, or where it is singular, of its R eigenvectors."""
    try:
        return np.asarray(np.linalg.cholesky(covariance), np.float64)
    except np.linalg.LinAlgError:
        eigenvalues, vectors = np.linalg.eigh(covariance)
        kept = eigenvalues > np.finfo(float).eps * max(eigenvalues[-1], 0.0)
        return np.asarray(vectors[:, kept] * np.sqrt(eigenvalues[kept]))


def measure_frechet_distance(
    generated: Features, real: Features, peer: Features | None = None, seed: int = 0
) -> Distance:
    """Returns the Frechet distance between generated and real images, with its interval and its floor.

    It is not extrapolated to infinite samples (Chong & Forsyth 2020): that would remove the bias of the generated
    side alone, and the real side is the small one here. The floor has the same bias as the distance at its sizes.

    Args:
        generated: Features of generated images.
        real: Features of the real images that they are compared with.
        peer: Features of real images of other patients, for the floor; None for halves of `real`. Where the extractor
            was trained on `real`, give held-out images.
        seed: Seed of the resampling and of the floor's draws.

    Raises:
        UserError: The features are of different extractors, or too few.
    """
    refuse_unlike(generated, real, *([peer] if peer else []))
    value = compute_set_distance(generated, real)
    estimate = (value, *compute_interval(generated, real, value, seed))
    floor = measure_floor(compute_set_distance, generated, real, peer, seed)
    distance = make_distance("frechet", generated, real, estimate, floor)
    return replace(distance, warnings=find_warnings(distance))


def compute_set_distance(first: Features, second: Features) -> float:
    """Returns the Frechet distance between two sets."""
    return compute_frechet_distance(*(side.moments or compute_moments(side.values) for side in (first, second)))


def compute_interval(generated: Features, real: Features, value: float, seed: int) -> tuple[float, float]:
    """Returns the 95% bootstrap interval of a distance at these sample sizes; images are resampled by group.

    Where the features are of a random part of a larger set, each resample holds as many images as the set.

    Args:
        generated: Features of generated images.
        real: Features of real images.
        value: Their distance.
        seed: Seed of the resampling.
    """
    drawn = (
        draw_weights(side.groups, seed + number, side.count / len(side.values))
        for number, side in enumerate((generated, real))
    )
    resampled = [
        compute_frechet_distance(keep_drawn(generated.values, one), keep_drawn(real.values, other))
        for one, other in zip(*drawn, strict=True)
    ]
    low, high = compute_shifted_interval(resampled, value)
    return max(low, 0.0), high


def keep_drawn(values: Floats, weights: Floats) -> Moments:
    """Returns the moments of features (N, C) with weights (N,), leaving out the third of the images not drawn."""
    drawn = weights > 0
    return compute_moments(values[drawn], weights[drawn])


def find_warnings(distance: Distance) -> tuple[str, ...]:
    """Returns a warning for every set of images that is small for the number of features."""
    counts = {
        "generated images": distance.generated_images,
        "real images": distance.real_images,
        "images per side of the floor": distance.floor.images,
    }
    allowed = FEWEST_PER_DIMENSION * distance.dimension
    return tuple(
        f"{count:,} {name} are few for {distance.dimension:,} features: below {allowed:,} the distance is mostly bias. "
        "Compare it with the floor at equal sizes alone."
        for name, count in counts.items()
        if count < allowed
    )


def measure(evidence: Comparison) -> Measured:
    """Returns the Frechet distance of generated images from the training images; its floor is that of held-out images.

    Without held-out images, the floor is that of halves of the training images.

    Args:
        evidence: Holds generated and training images and an extractor; held-out images where there are any.

    Raises:
        UserError: Something is missing, the sets are too small, or the extractor does not fit the store.
    """
    generated, real, peer = extract_sets(evidence)
    return summarise_distance(measure_frechet_distance(generated, real, peer, evidence.seed))
