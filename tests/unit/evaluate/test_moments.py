import numpy as np
import pytest

from ganoscope.evaluate.moments import compute_moments


def test_moments_of_parts_are_those_of_the_whole():
    x = np.random.default_rng(0).gamma(2.0, size=(103, 5)) + 50
    first, second, third = (compute_moments(x[start:end]) for start, end in ((0, 1), (1, 40), (40, 103)))
    merged = first.merge(second).merge(third)
    assert merged.count == 103
    assert merged.mean == pytest.approx(x.mean(axis=0), rel=1e-12)
    assert merged.covariance == pytest.approx(np.cov(x, rowvar=False), rel=1e-10)
