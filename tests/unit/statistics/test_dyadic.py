"""The interval of a mean over pairs against a double sum over all pairs, and its coverage."""

import numpy as np
import pytest
from scipy.stats import t

from ganoscope.evaluate.fidelity.diversity import choose_pairs
from ganoscope.statistics.dyadic import compute_dyadic_interval


def naive_variance(values, members):
    residuals = values - values.mean()
    return (
        sum(
            residuals[p] * residuals[q]
            for p in range(len(values))
            for q in range(len(values))
            if set(members[p]) & set(members[q])
        )
        / len(values) ** 2
    )


@pytest.mark.parametrize("groups", [40, 15])
def test_interval_is_the_sum_over_pairs_that_share_a_group(groups):
    rng = np.random.default_rng(3)
    own = np.unique(np.arange(40) % groups, return_inverse=True)[1]
    effect = rng.normal(size=groups)[own]
    pairs = choose_pairs(40, 100, seed=1)
    values = 0.5 + 0.02 * (effect[pairs].sum(axis=1) + 0.1 * rng.normal(size=len(pairs)))
    low, high = compute_dyadic_interval(values, own[pairs])
    variance = naive_variance(values, own[pairs].tolist()) * groups / (groups - 1)
    assert (high - low) / 2 == pytest.approx(t.ppf(0.975, groups - 1) * np.sqrt(variance), rel=1e-9)
    assert (high + low) / 2 == pytest.approx(values.mean())


def test_intervals_cover_the_true_mean_about_as_often_as_they_say():
    covered = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        own = np.unique(rng.integers(0, 60, 150), return_inverse=True)[1]
        pairs = choose_pairs(150, 400, seed)
        effect = 0.05 * rng.normal(size=60)[own]
        values = 0.5 + effect[pairs].sum(axis=1) + 0.05 * rng.normal(size=len(pairs))
        low, high = compute_dyadic_interval(values, own[pairs])
        covered += low <= 0.5 <= high
    assert 0.90 <= covered / 300 <= 0.99
