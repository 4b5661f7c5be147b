"""Feature likelihood divergence: how improbable unseen real images are under the generated ones.

Each generated image is the centre of a Gaussian, whose width is fitted to the training images. A generator that copies
training images gets narrow Gaussians around them, under which unseen images are improbable: unlike the Frechet
distance, this one sees memorisation as well as poor images and missing ones.

Source: Jiralerspong et al. 2023, "Feature Likelihood Divergence", sect. 3, https://arxiv.org/abs/2302.04440.
Differs: widths are fitted by expectation maximisation, and are no narrower than `NARROWEST`. The constant of the data
    set is not subtracted: the floor is the same number for unseen real images in the place of generated ones.
"""

import numpy as np
from numpy.typing import NDArray

from ganoscope.contracts import Measured, Need
from ganoscope.errors import describe, refuse
from ganoscope.evaluate.comparison import Comparison, require
from ganoscope.evaluate.features import Features
from ganoscope.evaluate.neighbourhoods import compute_squares
from ganoscope.evaluate.set_distance import FEWEST, extract_sets, refuse_unlike, split_halves, take_random
from ganoscope.seeds import Stream, stream
from ganoscope.statistics.bootstrap import estimate_mean
from ganoscope.statistics.estimate import Estimate

NAME = "feature_likelihood_divergence"
NEEDS: frozenset[Need] = frozenset({"generated", "training", "held_out", "extractor"})

Floats = NDArray[np.float64]
STEPS = 30
"""Steps of the fit."""
NARROWEST = 1e-4
"""Smallest variance of a Gaussian, of features with unit variance."""
SPLITS = 2
"""Random halves of the held-out patients for the floor."""
SCALE = 100.0
"""Factor of the log likelihood per feature."""


def compute_log_densities(squares: Floats, variances: Floats, dimension: int) -> Floats:
    """Returns log N(x_i; y_j, v_j I) for all pairs, shape (N, M).

    Args:
        squares: Squared distances, shape (N, M).
        variances: Variance of each Gaussian, shape (M,).
        dimension: Number of features.
    """
    return -0.5 * (squares / variances + dimension * np.log(2 * np.pi * variances))


def add_logs(values: Floats) -> Floats:
    """Returns log sum_j exp(values_ij), shape (N,)."""
    top = values.max(axis=1)
    return top + np.log(np.exp(values - top[:, None]).sum(axis=1))


def fit_variances(squares: Floats, dimension: int) -> Floats:
    """Returns the variances of the Gaussians under which the training images are most probable, shape (M,).

    v_j = sum_i r_ij |x_i - y_j|^2 / (C sum_i r_ij), with r_ij the probability that Gaussian j made image i.

    Source: expectation maximisation, Dempster, Laird, Rubin 1977, https://doi.org/10.1111/j.2517-6161.1977.tb01600.x

    Args:
        squares: Squared distances of training images from the centres, shape (N, M).
        dimension: Number of features.
    """
    variances = np.full(squares.shape[1], max(float(squares.min(axis=1).mean()) / dimension, NARROWEST))
    for _ in range(STEPS):
        logs = compute_log_densities(squares, variances, dimension)
        logs -= logs.max(axis=1, keepdims=True)
        shares = np.exp(logs, out=logs)
        shares /= shares.sum(axis=1, keepdims=True)
        weight = shares.sum(axis=0)
        used = weight > 1e-8  # one that explains no training image stays as it is
        found = (shares * squares).sum(axis=0)[used] / (dimension * weight[used])
        variances[used] = np.maximum(found, NARROWEST)
    return variances


def compute_divergences(centres: Floats, training: Floats, unseen: Floats) -> Floats:
    """Returns -100 / C log p(x) of each unseen image, p the mean of Gaussians around the centres.

    Args:
        centres: Features of generated images, shape (M, C), standardised by the training images.
        training: Features of training images, shape (N, C), likewise.
        unseen: Features of other real images, shape (T, C), likewise.

    Returns:
        Shape (T,).
    """
    dimension = centres.shape[1]
    variances = fit_variances(compute_squares(training, centres), dimension)
    logs = compute_log_densities(compute_squares(unseen, centres), variances, dimension)
    return -SCALE / dimension * (add_logs(logs) - np.log(len(centres)))


def measure(evidence: Comparison) -> Measured:
    """Returns the divergence of held-out from generated images; its floor is that from other held-out images.

    For the floor, held-out patients are halved, and the images of either half are the centres for the other one. The
    value at the floor's size is that of as many generated images, for the same halves.

    Args:
        evidence: Holds generated, training and held-out images and an extractor.

    Raises:
        UserError: Something is missing, the sets are too small, or the extractor does not fit the store.
    """
    generated, real, peer = extract_sets(evidence)
    held_out = require(peer, "held_out")
    refuse_unlike(generated, real, held_out)
    rng = stream(evidence.seed, Stream.FLOOR_HALVES)
    reals, own = [], []
    for _ in range(SPLITS):
        halves = split_halves(held_out, rng)
        images = min(*(len(half.values) for half in halves), len(generated.values))
        fault = describe("too few held-out images to halve", images, f"{FEWEST} or more per half", "Hold out more.")
        refuse([fault] if images < FEWEST else [])
        for unseen, other in (halves, halves[::-1]):
            reals.append(estimate_divergence(take_random(other, images, rng), real, unseen))
            own.append(estimate_divergence(take_random(generated, images, rng), real, unseen))
    middle, low, high = (float(np.mean([getattr(one, name) for one in reals])) for name in ("value", "low", "high"))
    floor = Estimate(middle, low, high, len(held_out.values), len(np.unique(held_out.groups)))
    value = estimate_divergence(generated, real, held_out)
    return Measured(value, floor, "lower", at_floor_size=float(np.mean([one.value for one in own])))


def estimate_divergence(centres: Features, training: Features, unseen: Features) -> Estimate:
    """Returns the mean divergence over unseen images, resampled by patient; all features may be on any scale.

    Args:
        centres: Features of generated images.
        training: Features of training images, whose mean and standard deviation standardise all.
        unseen: Features of other real images.
    """
    middle, scale = training.values.mean(axis=0), training.values.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    sets = [(side.values - middle) / scale for side in (centres, training, unseen)]
    found = estimate_mean(compute_divergences(*sets), [str(name) for name in unseen.groups])
    n = len(centres.values) + len(unseen.values)
    return Estimate(found.value, found.low, found.high, n, len(centres.values) + found.groups)
