"""Operating points: which rates can be resolved, coverage of the bounds, and bounds of epsilon known beforehand."""

import numpy as np
import pytest

from ganoscope.statistics.rare_events.operating_points import bound_epsilon, list_points, list_rates


def test_no_rate_is_printed_that_two_non_members_do_not_resolve():
    for count in (10, 20, 39, 40, 199, 200, 1000, 9_999, 10_000):
        assert all(rate * count >= 2 for rate in list_rates(count))
    assert 0.001 not in list_rates(9_999)
    assert 0.001 in list_rates(10_000)


def test_two_of_200_non_members_are_a_false_positive_rate_of_one_percent():
    point = list_points(np.linspace(0, 1, 50), np.arange(200) / 200, (50, 200))[2]
    assert point.nominal == point.false.value == 0.01
    assert (point.false.low, point.false.high) == pytest.approx((0.0012, 0.0357), abs=1e-4)


@pytest.mark.parametrize(("patients", "most"), [(200, 3.98), (400, 4.68), (1000, 5.60)])
def test_what_a_perfect_attack_could_show_at_one_threshold(patients, most):
    last = list_points(np.ones(patients), np.zeros(patients), (patients, patients))[-1]
    assert last.nominal == 0
    assert np.log(last.found.low / last.false.high) == pytest.approx(most, abs=0.01)


def test_patients_are_counted_not_images():
    many, few = (list_points(np.ones(400), np.zeros(400), (count, count))[-1] for count in (400, 40))
    assert few.found.low < many.found.low
    assert few.false.high > many.false.high


def test_the_bound_of_epsilon_holds():
    """Randomised response with a known epsilon: members' answers are 1 with e / (1 + e), non-members' with 1 / (1 + e).

    Small noise breaks ties, so that thresholds lie between and above the answers.
    """
    rng, epsilon, wrong = np.random.default_rng(0), 1.0, 0
    truth = np.exp(epsilon) / (1 + np.exp(epsilon))
    for _ in range(200):
        member, other = rng.random(300) < truth, rng.random(300) > truth
        noisy = (side + 0.5 * rng.random(300) for side in (member, other))
        wrong += bound_epsilon(*noisy, (300, 300))[0] > epsilon
    assert wrong <= 16  # 95% quantile of Binomial(200, 0.05)


def test_no_attack_no_bound_and_a_perfect_one_reaches_the_most():
    rng = np.random.default_rng(0)
    low, most = bound_epsilon(rng.normal(size=300), rng.normal(size=300), (300, 300))
    assert low < 0.2
    assert bound_epsilon(np.ones(300), np.zeros(300), (300, 300)) == (most, most)
    assert 3.5 < most < 4.4
