"""Temperatures at the ends of what can be fitted; bins of reliability."""

import numpy as np
import pytest

from ganoscope.evaluate.classification.calibration import (
    BINS,
    HIGHEST,
    LOWEST,
    choose_temperature,
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


def test_a_temperature_is_used_where_it_helps_on_other_patients():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 2, 400)
    logits = np.stack([-codes, codes], 1) * 1.0 + rng.normal(0, 1, (400, 2))
    chosen = choose_temperature(8 * logits, codes, np.arange(400).astype(str))
    assert chosen.value == chosen.fitted > 4
    assert chosen.loss < chosen.plain_loss
    assert chosen.groups == 400


def test_temperature_1_is_kept_where_the_fitted_one_does_not_carry_over():
    codes = np.arange(40) % 2
    logits = np.log(3) * np.stack([1 - codes, codes], 1)
    logits[::4] *= -1  # a quarter is wrong, as the probabilities say
    groups = np.repeat(np.arange(10), 4).astype(str)
    doubt = choose_temperature(logits + np.random.default_rng(3).normal(0, 1e-3, logits.shape), codes, groups)
    assert (doubt.value == 1.0) == (doubt.loss >= doubt.plain_loss)
    patients = np.array(["a"] * 20 + ["b"] * 20)
    logits[:20] *= 9  # patient a is sure and wrong, patient b is unsure and right
    logits[20:] = 0.2 * np.stack([1 - codes[20:], codes[20:]], 1)
    chosen = choose_temperature(logits, codes, patients)
    assert chosen.value == 1.0
    assert chosen.fitted != 1.0
    assert choose_temperature(logits, codes, np.array(["a"] * 40)).value == 1.0
