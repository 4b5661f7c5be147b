"""Noise by number, its truncation, and the arc between two vectors."""

import numpy as np
import pytest
from scipy import stats

from ganoscope.generation.noise import interpolate, make_noise, truncate

Z = make_noise(50, 0, 400, seed=3)


def test_noise_is_standard_normal_and_each_vector_depends_on_seed_and_number_alone():
    assert stats.kstest(Z.ravel(), "norm").pvalue > 0.01
    assert np.array_equal(make_noise(50, 17, 2, seed=3), Z[17:19])
    assert not np.array_equal(make_noise(50, 17, 2, seed=4), Z[17:19])


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_truncated_noise_is_distributed_as_if_what_is_too_large_were_drawn_again(share):
    threshold = stats.norm.ppf((1 + share) / 2)
    resampled = np.random.default_rng(0).standard_normal(200_000)
    resampled = resampled[np.abs(resampled) <= threshold]
    truncated = truncate(Z, share).ravel()
    assert np.abs(truncated).max() <= threshold + 1e-6
    assert stats.ks_2samp(truncated, resampled).pvalue > 0.01


def test_truncation_equals_the_quantile_function_of_the_truncated_normal():
    threshold = stats.norm.ppf((1 + 0.7) / 2)
    expected = stats.truncnorm.ppf(stats.norm.cdf(Z.astype(np.float64)), -threshold, threshold)
    np.testing.assert_allclose(truncate(Z, 0.7), expected, atol=1e-5)


def test_a_share_of_one_truncates_nothing_and_extreme_values_stay_finite():
    assert truncate(Z, 1.0) is Z
    assert np.allclose(truncate(Z, 1 - 1e-12), Z, atol=1e-3)
    extreme = truncate(np.array([-40, -9, 0, 9, 40], np.float32), 0.999999)
    assert np.isfinite(extreme).all()
    assert np.array_equal(extreme, -extreme[::-1])


def test_an_arc_has_equal_angles_and_ends_where_it_should():
    arc = interpolate(Z[0], Z[1], 9).astype(np.float64)
    assert np.allclose(arc[[0, -1]], Z[:2], atol=1e-6)
    unit_start, unit_end = (z / np.linalg.norm(z) for z in Z[:2].astype(np.float64))
    lengths = np.linspace(np.linalg.norm(Z[0]), np.linalg.norm(Z[1]), 9)
    whole = np.arccos(unit_start @ unit_end)
    for step, point in enumerate(arc):
        weights = np.linalg.lstsq(np.stack([Z[0], Z[1]], 1).astype(np.float64), point, rcond=None)[0]
        t = step / 8
        assert np.allclose(weights, [np.sin((1 - t) * whole) / np.sin(whole), np.sin(t * whole) / np.sin(whole)])
    assert np.all(np.abs(np.linalg.norm(arc, axis=1) / lengths - 1) < 0.05)


def test_parallel_vectors_are_joined_by_a_line():
    one = np.ones(3, np.float32)
    assert np.allclose(interpolate(one, 3 * one, 3), [[1] * 3, [2] * 3, [3] * 3])
