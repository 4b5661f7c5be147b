"""Feasibility where patients vary: held-out patients decide, and the bounds hold in simulation."""

import numpy as np
import pytest
from scipy.stats import norm

from ganoscope.statistics.planning.patient_feasibility import (
    HeldOutPatients,
    check_patient_feasibility,
    compute_auroc_error,
    compute_normal_detectable,
    compute_normal_equal_chance,
)
from ganoscope.statistics.verdict import EQUAL, HARMS, HELPS, NO_EVIDENCE


def test_patients_decide_and_their_rarest_class_counts():
    assert check_patient_feasibility(HeldOutPatients((10, 500), 1.0), 1, 0.01).can_decide
    few = check_patient_feasibility(HeldOutPatients((500, 9, 500), 0.2), 1, 0.01)
    assert (few.can_decide, few.reachable, few.fewest, few.others) == (False, (NO_EVIDENCE,), 9, 1000)


def test_an_expected_sd_tells_whether_equality_is_within_reach():
    held_out = HeldOutPatients((60, 60), 0.2)
    assert check_patient_feasibility(held_out, 1, 0.01).reachable == (HELPS, HARMS, EQUAL, NO_EVIDENCE)
    assert check_patient_feasibility(held_out, 1, 0.01, 0.05).reachable == (HELPS, HARMS, NO_EVIDENCE)
    assert check_patient_feasibility(held_out, 1, 0.0).reachable == (HELPS, HARMS, NO_EVIDENCE)
    narrow = check_patient_feasibility(held_out, 1, 0.01, 0.005)
    assert (EQUAL in narrow.reachable, narrow.detectable) == (
        True,
        pytest.approx(2.8016 * 0.005 * np.sqrt(0.2), rel=1e-4),
    )


def test_more_arms_see_larger_differences_alone():
    one, four = (check_patient_feasibility(HeldOutPatients((60, 60), 0.2), arms, 0.01, 0.005) for arms in (1, 4))
    assert one.usual < four.usual
    assert one.detectable < four.detectable
    assert one.equal_chance > four.equal_chance


def test_the_error_of_an_auroc_is_that_of_draws():
    rng = np.random.default_rng(0)
    found = []
    for _ in range(3000):
        positive, negative = rng.exponential(4, 30), rng.exponential(1, 50)  # Hanley's formula is of exponential scores
        found.append((positive[:, None] > negative).mean())
    assert np.mean(found) == pytest.approx(0.8, abs=0.01)
    assert np.std(found) == pytest.approx(compute_auroc_error(0.8, 30, 50), rel=0.05)
    assert compute_auroc_error(0.8, 0, 50) == np.inf


def test_power_and_chance_are_those_of_normal_draws():
    draws = np.random.default_rng(1).normal(size=200_000)
    half = norm.ppf(0.99)
    assert np.mean(draws + compute_normal_detectable(1.0, 0.02) > half) == pytest.approx(0.8, abs=0.005)
    assert np.mean(np.abs(draws) + half < 3) == pytest.approx(compute_normal_equal_chance(3.0, 1.0, 0.02), abs=0.005)


def test_the_share_is_what_averaging_over_splits_leaves_of_patients_who_pull_them_alike():
    """Every patient adds the same to all splits that hold it out."""
    own = np.random.default_rng(2).normal(size=(20_000, 20))
    splits = [np.r_[0:5, 5 + 3 * fold : 8 + 3 * fold] for fold in range(5)]  # 5 patients in all splits, 15 in one each
    means = np.mean([own[:, split].mean(1) for split in splits], axis=0)
    times = np.bincount(np.concatenate(splits))
    share = len(splits[0]) * np.square(times).sum() / times.sum() ** 2
    assert means.var() / own[:, splits[0]].mean(1).var() == pytest.approx(share, rel=0.05)
