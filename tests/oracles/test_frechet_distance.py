"""The Frechet distance written twice: naively here, by MONAI, and in closed form."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from ganoscope.evaluate import set_distance as distance
from ganoscope.evaluate.features import Features
from ganoscope.evaluate.fidelity.frechet_distance import (
    compute_frechet_distance,
    compute_interval,
    compute_set_distance,
    measure_frechet_distance,
)
from ganoscope.evaluate.moments import Moments, compute_moments


def draw(count, dimension=12, seed=0, shift=0.0):
    """Correlated, skewed features."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).standard_normal((dimension, dimension))
    return np.exp(0.3 * rng.standard_normal((count, dimension))) @ mixing + shift


def as_features(values, groups=None):
    return Features(values, np.arange(len(values)) if groups is None else groups, "drawn", "none")


def naive_distance(x, y):
    means = [sum(rows) / len(rows) for rows in (x, y)]
    covariances = [
        sum(np.outer(row - mean, row - mean) for row in rows) / (len(rows) - 1)
        for rows, mean in zip((x, y), means, strict=True)
    ]
    root = sqrtm(covariances[0] @ covariances[1]).real
    return ((means[0] - means[1]) ** 2).sum() + np.trace(covariances[0] + covariances[1] - 2 * root)


def test_it_is_the_published_formula():
    x, y = draw(60), 1.3 * draw(80, seed=1, shift=0.2)
    assert compute_set_distance(as_features(x), as_features(y)) == pytest.approx(naive_distance(x, y), rel=1e-9)


def test_it_is_monais():
    from monai.metrics.fid import FIDMetric

    x, y = draw(60), draw(80, seed=1)
    theirs = FIDMetric()(torch.from_numpy(x), torch.from_numpy(y)).item()
    assert compute_set_distance(as_features(x), as_features(y)) == pytest.approx(theirs, rel=1e-9)


def test_gaussians_with_the_same_axes_have_a_closed_form():
    axes = np.linalg.qr(np.random.default_rng(0).standard_normal((5, 5)))[0]
    deviations = np.array([[1.0, 2.0, 0.5, 3.0, 0.0], [1.5, 2.0, 0.1, 1.0, 0.7]])
    means = np.array([[0.0, 1.0, 0.0, 0.0, 2.0], [0.5, 1.0, 0.0, -1.0, 0.0]])
    first, second = (
        Moments(101, mean, 100 * (axes * deviation**2) @ axes.T)
        for mean, deviation in zip(means, deviations, strict=True)
    )
    expected = ((means[0] - means[1]) ** 2).sum() + ((deviations[0] - deviations[1]) ** 2).sum()
    assert compute_frechet_distance(first, second) == pytest.approx(expected, rel=1e-7)


def test_with_fewer_images_than_features_it_is_the_sum_of_singular_values():
    x, y = draw(10, dimension=30), draw(9, dimension=30, seed=1)
    roots = [(rows - rows.mean(axis=0)) / np.sqrt(len(rows) - 1) for rows in (x, y)]
    overlap = np.linalg.svd(roots[0] @ roots[1].T, compute_uv=False).sum()
    expected = ((x.mean(axis=0) - y.mean(axis=0)) ** 2).sum() + sum((root**2).sum() for root in roots) - 2 * overlap
    assert compute_set_distance(as_features(x), as_features(y)) == pytest.approx(expected, rel=1e-6)


def test_a_set_is_at_no_distance_from_itself_in_any_order():
    x = draw(50)
    shuffled = np.random.default_rng(1).permutation(x)
    assert compute_set_distance(as_features(x), as_features(shuffled)) == pytest.approx(0, abs=1e-6)
    y = draw(60, seed=1)
    assert compute_set_distance(as_features(y), as_features(x)) == pytest.approx(
        compute_set_distance(as_features(shuffled), as_features(y))
    )


def test_weights_count_images_repeatedly():
    x, weights = draw(20), np.random.default_rng(2).integers(0, 4, 20).astype(float)
    repeated = np.repeat(x, weights.astype(int), axis=0)
    assert compute_moments(x, weights).covariance == pytest.approx(np.cov(repeated, rowvar=False), rel=1e-12)


def test_intervals_cover_the_mean_of_distances_at_that_sample_size(monkeypatch):
    monkeypatch.setattr(distance, "DISTANCE_RESAMPLES", 80)
    pairs = [(as_features(draw(60, 4, 2 * i)), as_features(draw(40, 4, 2 * i + 1, shift=0.3))) for i in range(150)]
    values = [compute_set_distance(*pair) for pair in pairs]
    ends = [compute_interval(*pair, value, seed=i) for i, (pair, value) in enumerate(zip(pairs, values, strict=True))]
    assert 0.88 <= np.mean([low <= np.mean(values) <= high for low, high in ends]) <= 0.99


def test_patients_with_many_images_widen_the_interval():
    patients = draw(15, 4)
    slices = np.repeat(patients, 6, axis=0) + 0.01 * np.random.default_rng(3).standard_normal((90, 4))
    other = as_features(draw(90, 4, 1, shift=0.5))
    wide, narrow = (
        compute_interval(other, as_features(slices, groups), compute_set_distance(other, as_features(slices)), 0)
        for groups in (np.repeat(np.arange(15), 6), None)
    )
    assert wide[1] - wide[0] > 1.5 * (narrow[1] - narrow[0])


def test_few_images_for_the_dimension_raise_warnings():
    result = measure_frechet_distance(as_features(draw(23)), as_features(draw(60, seed=1)))
    assert [warning.split(" are few")[0] for warning in result.warnings] == [
        "23 generated images",
        "23 images per side of the floor",
    ]
    assert not measure_frechet_distance(as_features(draw(50)), as_features(draw(60, seed=1))).warnings


def test_a_set_known_by_its_moments_is_as_far_and_as_certain_as_the_whole():
    x, y = (np.random.default_rng(seed).normal(size=(count, 4)) for seed, count in ((0, 8000), (1, 300)))
    whole, part = as_features(x), replace(as_features(x[:1000]), moments=compute_moments(x))
    other = as_features(y + 0.2)
    value = compute_set_distance(part, other)
    assert value == pytest.approx(compute_set_distance(whole, other), rel=1e-12)
    ends = [compute_interval(side, other, value, 0) for side in (part, whole)]
    widths = [high - low for low, high in ends]
    assert widths[0] == pytest.approx(widths[1], rel=0.25)
    assert part.count == 8000
    assert part.take(np.arange(5)).moments is None
