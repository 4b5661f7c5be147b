"""Holm's adjustment against plain steps, and what ties, NaN and a single arm do to levels."""

import numpy as np
import pytest

from ganoscope.statistics.holm import adjust_directions, adjust_holm, list_levels


def step_down(p, alpha):
    """Rejections of Holm's procedure, step by step."""
    rejected = set()
    for steps, index in enumerate(np.argsort(p, kind="stable")):
        if p[index] > alpha / (len(p) - steps):
            break
        rejected.add(int(index))
    return rejected


@pytest.mark.parametrize("seed", range(20))
def test_adjusted_p_values_reject_what_the_steps_reject(seed):
    rng = np.random.default_rng(seed)
    p = rng.beta(0.3, 3, size=rng.integers(1, 9))
    for alpha in (0.01, 0.05, 0.2):
        assert set(np.flatnonzero(adjust_holm(p) <= alpha).tolist()) == step_down(p, alpha)
        both = np.concatenate([p / 2, 1 - p / 2])
        expected = {index for index in step_down(both, alpha) if index < len(p)}
        assert set(np.flatnonzero(adjust_directions(p) <= alpha).tolist()) == expected


def test_one_arm_keeps_its_p_value_and_its_level():
    assert adjust_directions([0.03]).tolist() == [0.03]
    assert list_levels([0.03]).tolist() == pytest.approx([0.95])
    assert list_levels([0.6]).tolist() == pytest.approx([0.95])


def test_levels_loosen_step_by_step_and_stay_where_the_steps_stop():
    assert (1 - list_levels([0.9, 1e-9, 0.0001, 0.5])).tolist() == pytest.approx([0.1 / 6, 0.1 / 8, 0.1 / 7, 0.1 / 6])
    assert (1 - list_levels([0.9, 0.5, 0.4, 0.3])).tolist() == pytest.approx([0.1 / 8] * 4)


def test_equal_p_values_have_equal_levels_and_the_order_of_arms_does_not_matter():
    p = np.array([0.002, 0.002, 1e-6, 0.5])
    levels = list_levels(p)
    assert (1 - levels).tolist() == pytest.approx([0.1 / 7, 0.1 / 7, 0.1 / 8, 0.1 / 5])
    for order in ([3, 1, 0, 2], [2, 3, 1, 0]):
        assert list_levels(p[order]).tolist() == levels[order].tolist()
        assert adjust_directions(p[order]).tolist() == adjust_directions(p)[order].tolist()


def test_an_arm_without_p_value_counts_and_is_never_shown():
    assert adjust_holm([0.01, np.nan]).tolist() == [0.02, 1.0]
    assert adjust_directions([np.nan]).tolist() == [1.0]
    assert (1 - list_levels([0.01, np.nan])).tolist() == pytest.approx([0.1 / 4, 0.1 / 3])
