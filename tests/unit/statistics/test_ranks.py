"""Rank correlation against SciPy."""

import numpy as np
from scipy.stats import spearmanr

from ganoscope.statistics.ranks import compute_rank_correlation


def test_it_equals_scipy_with_ties():
    random = np.random.default_rng(1)
    first = np.maximum(random.normal(size=(6, 8, 8)), 0)
    second = np.maximum(first + random.normal(size=(6, 8, 8)), 0).round(1)
    expected = [spearmanr(a.ravel(), b.ravel()).statistic for a, b in zip(first, second, strict=True)]
    np.testing.assert_allclose(compute_rank_correlation(first, second), expected)


def test_constant_maps_have_no_order():
    constant, varied = np.zeros((1, 16)), np.arange(16.0)[None]
    assert np.isnan(compute_rank_correlation(constant, varied)).all()
    assert compute_rank_correlation(varied, constant).tolist() == [0.0]
