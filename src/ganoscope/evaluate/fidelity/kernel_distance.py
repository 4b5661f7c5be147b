"""Kernel distance between the features of two sets of images: unbiased at every sample size, unlike Frechet's."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.contracts import Measured, Need
from ganoscope.evaluate.comparison import Comparison
from ganoscope.evaluate.features import Features
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

NAME = "kernel_distance"
NEEDS: frozenset[Need] = frozenset({"generated", "training", "extractor"})

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
BLOCK = 256
"""Rows of the kernel matrix in memory at once: few, so that they stay in the processor's cache."""


@dataclass(frozen=True)
class Scaled:
    """Features divided by the root of their number C, in single precision: k(x, y) = (x . y + 1)^3 of these.

    Attributes:
        values: Shape (N, C), images of a group side by side.
        member: Group of each image, 0 to groups - 1, ascending, shape (N,).
    """

    values: Singles
    member: NDArray[np.int64]


def scale(features: Features) -> Scaled:
    """Returns the features of a set as `compute_kernel` takes them, in the order of their groups."""
    member = np.unique(features.groups, return_inverse=True)[1]
    order = np.argsort(member, kind="stable")
    root = np.sqrt(features.values.shape[1])
    return Scaled(np.asarray(features.values[order] / root, np.float32), member[order])


def compute_kernel(first: Singles, second: Singles) -> Singles:
    """Returns k(x, y) = (x . y / C + 1)^3 for scaled features (N, C) and (M, C), shape (N, M).

    In single precision, whose errors average out over pairs where sums are in double precision: distances keep seven
    digits of the mean kernel.

    Source: Binkowski et al. 2018, sect. 4, https://arxiv.org/abs/1801.01401
    """
    kernel = first @ second.T
    kernel += 1.0
    cube: Singles = kernel * kernel  # a power of floats takes ten times as long as two products
    cube *= kernel
    return cube


def compute_mean_kernel(first: Features, second: Features, first_weights: Floats, second_weights: Floats) -> Floats:
    """Returns the mean of the kernel over all pairs of images of two sets.

    Args:
        first: Features of N images.
        second: Features of M images.
        first_weights: How often each image counts in each of B resamples, shape (B, N).
        second_weights: The same for the second set, shape (B, M).

    Returns:
        Shape (B,).
    """
    sums = np.zeros(len(first_weights))
    values, others = (np.asarray(side.values / np.sqrt(side.values.shape[1]), np.float32) for side in (first, second))
    for start in range(0, len(values), BLOCK):
        rows = slice(start, start + BLOCK)
        kernel = compute_kernel(values[rows], others)
        sums += np.einsum("bm,bm->b", first_weights[:, rows] @ kernel, second_weights)
    return sums / (first_weights.sum(axis=1) * second_weights.sum(axis=1))


def compute_discrepancy(first: Features, second: Features, first_weights: Floats, second_weights: Floats) -> Floats:
    """Returns the squared maximum mean discrepancy, pairs of an image and itself included: never below 0, and biased.

    MMD_b^2 = mean_ij k(x_i, x_j) + mean_ij k(y_i, y_j) - 2 mean_ij k(x_i, y_j): the squared distance of the two mean
    embeddings.

    Source: Gretton et al. 2012, eq. 5, https://jmlr.org/papers/v13/gretton12a.html

    Args:
        first: Features of N images.
        second: Features of M images.
        first_weights: How often each image counts, shape (B, N).
        second_weights: The same for the second set, shape (B, M).

    Returns:
        Shape (B,).
    """
    own = compute_mean_kernel(first, first, first_weights, first_weights)
    other = compute_mean_kernel(second, second, second_weights, second_weights)
    return own + other - 2 * compute_mean_kernel(first, second, first_weights, second_weights)


def compute_own_kernel(scaled: Scaled) -> tuple[float, float]:
    """Returns a set's mean kernel over all pairs, and the expected squared error of its mean embedding.

    V = G / (G - 1) sum_g |S_g - n_g mu|^2 / N^2, with S_g the sum of the embeddings of the n_g images of group g, mu
    the mean of all N, G groups: what one set adds to `compute_discrepancy`. With one image per group, what is left is
    the mean over pairs of different images.

    Source: the cluster-robust variance of a mean, Liang & Zeger 1986, eq. 7, https://doi.org/10.1093/biomet/73.1.13,
        in the kernel's space.
    """
    values, member = scaled.values, scaled.member
    sizes = np.bincount(member).astype(np.float64)
    ends = np.cumsum(sizes).astype(np.int64)
    totals, within = np.zeros(len(member)), np.zeros(len(member))
    for start in range(0, len(member), BLOCK):
        rows = slice(start, min(start + BLOCK, len(member)))
        kernel = compute_kernel(values[rows], values[start:])
        width = rows.stop - start
        totals[rows] += kernel.sum(axis=1, dtype=np.float64)
        totals[rows.stop :] += kernel[:, width:].sum(axis=0, dtype=np.float64)
        same = slice(start, ends[member[rows.stop - 1]])  # images of a group stand side by side
        near = kernel[:, : same.stop - start] * (member[rows, None] == member[same])
        within[rows] += near.sum(axis=1, dtype=np.float64)
        within[rows.stop : same.stop] += near[:, width:].sum(axis=0, dtype=np.float64)
    share = sizes / len(member)
    squares = np.bincount(member, within) - 2 * share * np.bincount(member, totals) + share**2 * totals.sum()
    bias = squares.sum() / len(member) ** 2 * len(sizes) / (len(sizes) - 1)
    return float(totals.sum()) / len(member) ** 2, float(bias)


def measure_kernel_distance(
    generated: Features, real: Features, peer: Features | None = None, seed: int = 0
) -> Distance:
    """Returns the kernel distance (KID) between generated and real images, with its interval and its floor.

    Being unbiased, it can be negative, and its floor is zero up to chance. Its interval is too wide near zero.

    Source: Binkowski et al. 2018, https://arxiv.org/abs/1801.01401; Gretton et al. 2012, lemma 6.
    Differs: one estimate from all images instead of the mean over subsets. Images of one patient are not treated as
        independent, which would make the distance of real from real images positive, see `compute_own_kernel`.

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
    weights = draw_weights(generated.groups, seed), draw_weights(real.groups, seed + 1)
    value = compute_set_distance(generated, real)
    ends = compute_shifted_interval(compute_discrepancy(generated, real, *weights), value)
    return make_distance(
        "kernel", generated, real, (value, *ends), measure_floor(compute_set_distance, generated, real, peer, seed)
    )


def compute_set_distance(first: Features, second: Features) -> float:
    """Returns the unbiased kernel distance between two sets of two groups or more."""
    sets = [scale(features) for features in (first, second)]
    own = [compute_own_kernel(one) for one in sets]
    values, others = (one.values for one in sets)
    blocks = (values[at : at + BLOCK] for at in range(0, len(values), BLOCK))
    between = sum(float(compute_kernel(block, others).sum(dtype=np.float64)) for block in blocks) / (
        len(values) * len(others)
    )
    return sum(mean - bias for mean, bias in own) - 2 * between


def measure(evidence: Comparison) -> Measured:
    """Returns the kernel distance of generated images from the training images; its floor is that of held-out images.

    Without held-out images, the floor is that of halves of the training images.

    Args:
        evidence: Holds generated and training images and an extractor; held-out images where there are any.

    Raises:
        UserError: Something is missing, the sets are too small, or the extractor does not fit the store.
    """
    generated, real, peer = extract_sets(evidence)
    return summarise_distance(measure_kernel_distance(generated, real, peer, evidence.seed))
