"""Temperatures at the ends of what can be fitted; bins of reliability."""

import numpy as np
import pytest

from ganoscope.evaluate.classification.calibration import (
    BINS,
    HIGHEST,
    LOWEST,
    compute_reliability,
    find_bins,
    fit_temperature,
)


def test_temperature_is_left_alone_without_a_mistake_and_stays_within_its_limits():
    codes = np.array([0, 1] * 10)
    right, wrong = 4.0 * np.eye(2)[codes], 4.0 * np.eye(2)[1 - codes]
    assert fit_temperature(right, codes) == 1.0
    assert fit_temperature(wrong, codes) == pytest.approx(HIGHEST)
    tiny = 1e-3 * np.concatenate([np.repeat(right, 50, axis=0), wrong])
    assert fit_temperature(tiny, np.concatenate([np.repeat(codes, 50), codes])) == pytest.approx(LOWEST)


def test_each_confidence_falls_into_the_bin_whose_upper_end_it_reaches():
    ends = np.arange(1, BINS + 1) / BINS
    assert find_bins(ends - 1e-9).tolist() == list(range(BINS))
    assert find_bins(ends + 1e-9)[:-1].tolist() == list(range(1, BINS))


def test_bins_without_images_have_no_accuracy_and_add_no_error():
    found = compute_reliability(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 0]))
    assert found.counts.sum() == 2
    assert np.isnan(found.accuracy[found.counts == 0]).all()
    assert found.error == pytest.approx((0.1 + 0.8) / 2)
