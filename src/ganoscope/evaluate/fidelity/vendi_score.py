"""Vendi score: the number of images that would be as diverse, were they all entirely unlike each other."""

import numpy as np
from numpy.typing import NDArray

from ganoscope.contracts import Measured, Need
from ganoscope.evaluate.comparison import Comparison
from ganoscope.evaluate.features import Features
from ganoscope.evaluate.set_distance import draw_weights, extract_sets, refuse_unlike, split_halves, take_random
from ganoscope.seeds import Stream, stream
from ganoscope.statistics.estimate import Estimate, compute_shifted_interval

NAME = "vendi_score"
NEEDS: frozenset[Need] = frozenset({"generated", "training", "extractor"})

Floats = NDArray[np.float64]
LEAST = 1e-12
"""Eigenvalues below are rounding errors."""


def point(features: Features, reference: Features) -> Floats:
    """Returns directions of unit length of standardised features, shape (N, C): k(x, y) is their scalar product.

    Args:
        features: Features of a set.
        reference: Features whose mean and standard deviation standardise them.
    """
    scale = reference.values.std(axis=0)
    moved = (features.values - reference.values.mean(axis=0)) / np.where(scale > 0, scale, 1.0)
    length = np.linalg.norm(moved, axis=1, keepdims=True)
    return moved / np.where(length > 0, length, 1.0)


def compute_vendi_score(directions: Floats, weights: Floats | None = None) -> float:
    """Returns exp(-sum l log l), l the eigenvalues of K / N, K the matrix of similarities k(x, y) = x . y.

    The eigenvalues other than 0 are those of the C x C matrix of the directions, which is smaller.

    Source: Friedman, Dieng 2023, "The Vendi Score", def. 3.1, https://arxiv.org/abs/2210.02410.

    Args:
        directions: Vectors of unit length, shape (N, C).
        weights: How often each image counts, shape (N,); by default once.
    """
    drawn = np.ones(len(directions)) if weights is None else weights
    eigenvalues = np.linalg.eigvalsh(directions.T @ (directions * drawn[:, None]) / drawn.sum())
    kept = eigenvalues[eigenvalues > LEAST]
    return float(np.exp(-(kept * np.log(kept)).sum()))


def estimate_vendi_score(features: Features, reference: Features, seed: int) -> Estimate:
    """Returns the score of a set with its interval; images are resampled by group.

    Args:
        features: Features of the set.
        reference: Features that standardise them.
        seed: Seed of the resampling.
    """
    directions = point(features, reference)
    value = compute_vendi_score(directions)
    resampled = [compute_vendi_score(directions, one) for one in draw_weights(features.groups, seed)]
    low, high = compute_shifted_interval(resampled, value)
    return Estimate(value, min(low, value), max(high, value), len(directions), len(np.unique(features.groups)))


def measure(evidence: Comparison) -> Measured:
    """Returns the Vendi score of generated images; its floor is that of as many real images of other patients.

    Args:
        evidence: Holds generated and training images and an extractor; held-out images where there are any.

    Raises:
        UserError: Something is missing, the sets are too small, or the extractor does not fit the store.
    """
    generated, real, peer = extract_sets(evidence)
    refuse_unlike(generated, real, *([peer] if peer else []))
    rng = stream(evidence.seed, Stream.FLOOR_HALVES)
    reference, other = split_halves(real, rng) if peer is None else (real, peer)
    images = min(len(other.values), len(generated.values))
    other, generated = (take_random(side, images, rng) for side in (other, generated))
    value, floor = (estimate_vendi_score(side, reference, evidence.seed) for side in (generated, other))
    return Measured(value, floor, "like real", at_floor_size=value.value)
