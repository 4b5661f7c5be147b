"""The kernel distance written twice: naively here, with loops over all pairs."""

from itertools import combinations

import numpy as np
import pytest

from ganoscope.evaluate import set_distance as distance
from ganoscope.evaluate.features import Features
from ganoscope.evaluate.fidelity import kernel_distance
from ganoscope.evaluate.fidelity.kernel_distance import (
    compute_discrepancy,
    compute_own_kernel,
    compute_set_distance,
    measure_kernel_distance,
    scale,
)


def draw(count, seed=0, shift=0.0, groups=None, dimension=6):
    values = np.random.default_rng(seed).gamma(2.0, size=(count, dimension)) + shift
    return Features(values, np.arange(count) if groups is None else groups, "drawn", "none")


def kernel(x, y):
    return (sum(a * b for a, b in zip(x, y, strict=True)) / len(x) + 1) ** 3


def naive_distance(first, second):
    within = [
        np.mean([kernel(*features.values[list(pair)]) for pair in combinations(range(len(features.values)), 2)])
        for features in (first, second)
    ]
    return sum(within) - 2 * np.mean([kernel(x, y) for x in first.values for y in second.values])


def test_it_is_the_published_formula(monkeypatch):
    monkeypatch.setattr(kernel_distance, "BLOCK", 7)
    first, second = draw(30), draw(40, seed=1, shift=0.2)
    mean = np.mean([kernel(x, y) for x in first.values for y in second.values])
    assert compute_set_distance(first, second) == pytest.approx(naive_distance(first, second), abs=1e-7 * mean)


def test_a_resample_is_the_biased_formula_over_repeated_images():
    first, second = draw(12), draw(10, seed=1)
    weights = [np.random.default_rng(seed).integers(0, 4, size).astype(float) for seed, size in ((2, 12), (3, 10))]
    x, y = (
        np.repeat(part.values, times.astype(int), axis=0) for part, times in zip((first, second), weights, strict=True)
    )
    means = [np.mean([kernel(a, b) for a in one for b in other]) for one, other in ((x, x), (y, y), (x, y))]
    value = compute_discrepancy(first, second, *(times[None] for times in weights))[0]
    assert value == pytest.approx(means[0] + means[1] - 2 * means[2], abs=1e-6 * means[2])


def embed(x):
    """The kernel's own space for two features: k(x, y) = embed(x) . embed(y)."""
    a, b = np.append(x / np.sqrt(2), 1.0), np.append(x / np.sqrt(2), 1.0)
    return np.einsum("i,j,k->ijk", a, b, b).ravel()


def test_the_bias_is_the_variance_of_the_sum_over_patients(monkeypatch):
    groups = np.array([0, 0, 1, 2, 2, 2, 3])
    features = draw(7, groups=groups, dimension=2)
    space = np.stack([embed(x) for x in features.values])
    assert space[0] @ space[1] == pytest.approx(kernel(*features.values[:2]))
    mean = space.mean(axis=0)
    deviations = [sum(space[i] - mean for i in np.flatnonzero(groups == group)) for group in range(4)]
    expected = 4 / 3 * sum((deviation**2).sum() for deviation in deviations) / 7**2
    assert compute_own_kernel(scale(features))[1] == pytest.approx(expected, rel=1e-6)
    monkeypatch.setattr(kernel_distance, "BLOCK", 2)
    shuffled = features.take(np.array([3, 0, 6, 4, 1, 5, 2]))
    assert compute_own_kernel(scale(shuffled))[1] == pytest.approx(expected, rel=1e-6)


def test_means_alone_have_a_closed_form():
    """Two constant sets: k(a, a) + k(b, b) - 2 k(a, b)."""
    first, second = (Features(np.full((5, 3), value), np.arange(5), "", "") for value in (1.0, 2.0))
    assert compute_set_distance(first, second) == pytest.approx(2.0**3 + 5.0**3 - 2 * 3.0**3)


def draw_patients(count, seed):
    """Patients of two kinds: one image each, or eight, which differ from the others'."""
    rng = np.random.default_rng(seed)
    many = rng.random(count) < 0.3
    patients = rng.gamma(2.0, size=(count, 6)) + many[:, None]
    groups = np.repeat(np.arange(count), np.where(many, 8, 1))
    return Features(patients[groups] + 0.1 * rng.standard_normal((len(groups), 6)), groups, "", "")


def as_images(features):
    return Features(features.values, np.arange(len(features.values)), "", "")


def test_real_against_real_is_zero_on_average_although_some_patients_have_many_images():
    pairs = [(draw_patients(60, 2 * seed), draw_patients(60, 2 * seed + 1)) for seed in range(150)]
    by_patient = [compute_set_distance(*pair) for pair in pairs]
    by_image = [compute_set_distance(*map(as_images, pair)) for pair in pairs]
    error = np.std(by_patient) / np.sqrt(len(pairs))
    assert abs(np.mean(by_patient)) < 3 * error
    assert np.mean(by_image) > 6 * error  # taken for independent, they would be seen as a distance


def test_intervals_cover_the_distance_of_the_populations(monkeypatch):
    truth = np.mean([compute_set_distance(draw(800, 2 * i, shift=0.3), draw(800, 2 * i + 1)) for i in range(8)])
    monkeypatch.setattr(distance, "DISTANCE_RESAMPLES", 80)
    monkeypatch.setattr(distance, "DRAWS", 1)
    covered = []
    for seed in range(100):
        result = measure_kernel_distance(draw(60, 2 * seed + 50, shift=0.3), draw(50, 2 * seed + 51))
        covered.append(result.low <= truth <= result.high)
    assert 0.88 <= np.mean(covered) <= 1
