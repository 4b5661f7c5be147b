"""Pairs of images against loops: weights, AUROC by patient, calibration."""

import numpy as np
import pytest

from ganoscope.evaluate.reidentification import same_patient
from ganoscope.evaluate.reidentification.same_patient import (
    Calibration,
    Pairs,
    estimate_pair_auroc,
    fit_calibration,
    make_pairs,
)


def embed(count, seed=0, dimension=4):
    values = np.random.default_rng(seed).standard_normal((count, dimension))
    return values / np.linalg.norm(values, axis=1, keepdims=True)


PATIENTS = np.array(["a", "b", "a", "c", "c", "c", "d"])


def test_each_patient_and_each_two_patients_weigh_the_same():
    values = embed(7)
    pairs = make_pairs(values, PATIENTS, seed=0)
    assert len(pairs.likeness) == 21 and pairs.same.sum() == 1 + 3
    assert pairs.recognisable == 2
    sums = {}
    for first, second, weight in zip(pairs.first, pairs.second, pairs.weights, strict=True):
        key = tuple(sorted((int(first), int(second))))
        sums[key] = sums.get(key, 0) + weight
    assert all(total == pytest.approx(1) for total in sums.values())
    assert np.allclose(pairs.likeness, [values[i] @ values[j] for i in range(7) for j in range(i + 1, 7)])


def test_auroc_equals_a_loop_over_pairs_of_pairs():
    pairs = make_pairs(embed(7), PATIENTS, seed=0)
    wins = total = 0.0
    for i in np.flatnonzero(pairs.same):
        for j in np.flatnonzero(~pairs.same):
            weight = pairs.weights[i] * pairs.weights[j]
            total += weight
            wins += weight * ((pairs.likeness[i] > pairs.likeness[j]) + (pairs.likeness[i] == pairs.likeness[j]) / 2)
    assert estimate_pair_auroc(pairs, 0).value == pytest.approx(wins / total)


def test_a_patient_with_many_images_counts_once():
    """Of two patients, the one with ten images has alike ones, the one with two has not."""
    bad = [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    values = np.array([[1.0, 0.0, 0.0]] * 10 + bad)
    estimate = estimate_pair_auroc(make_pairs(values, np.array(["a"] * 10 + ["b"] * 2), 0), 0)
    assert estimate.value == pytest.approx(0.75)  # 1 for a, 0.5 (ties) for b
    assert estimate.groups == 2


def test_the_interval_is_wide_for_few_patients():
    def width(number):
        centres = embed(number, 1, 3).repeat(2, axis=0)
        values = centres + 0.7 * embed(2 * number, 2, 3)
        values /= np.linalg.norm(values, axis=1, keepdims=True)
        estimate = estimate_pair_auroc(make_pairs(values, np.arange(number).repeat(2), 0), 0)
        assert estimate.low < estimate.value < estimate.high
        return estimate.high - estimate.low

    assert width(8) > 1.5 * width(60)


def test_pairs_of_different_patients_are_thinned_at_random(monkeypatch):
    monkeypatch.setattr(same_patient, "MOST_PAIRS", 50)
    patients = np.arange(20).repeat(2)
    first, again = (make_pairs(embed(40), patients, seed=3) for _ in range(2))
    assert (~first.same).sum() == 50 and first.same.sum() == 20
    assert np.array_equal(first.likeness, again.likeness)


def test_calibration_is_the_curve_that_labels_were_drawn_from():
    random = np.random.default_rng(0)
    likeness = random.uniform(-1, 1, 40_000)
    same = random.random(40_000) < Calibration(6.0, 0.0).compute_probability(likeness)
    ones = np.zeros(40_000, np.int64)
    found = fit_calibration(Pairs(likeness, same, ones, ones, np.ones(40_000)))
    assert found.slope == pytest.approx(6, rel=0.05)
    assert found.offset == pytest.approx(0, abs=0.1)


def test_calibration_holds_at_even_odds_however_few_pairs_are_the_same():
    random = np.random.default_rng(0)
    same = np.arange(20_000) < 400
    likeness = np.where(same, 0.5, -0.5) + 0.5 * random.standard_normal(20_000)
    ones = np.zeros(20_000, np.int64)
    found = fit_calibration(Pairs(likeness, same, ones, ones, np.ones(20_000)))
    assert found.compute_probability(np.array([0.0]))[0] == pytest.approx(0.5, abs=0.05)
    assert found.slope == pytest.approx(4, rel=0.15)  # log of the ratio of two normal densities: 2 * 0.5 / 0.5^2
