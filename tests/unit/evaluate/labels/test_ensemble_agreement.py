import numpy as np
import pytest

from ganoscope.evaluate.labels.ensemble_agreement import estimate_at_mix


def test_real_images_are_weighted_to_the_mix_of_the_generated_ones():
    truth = np.array([0] * 80 + [1] * 20)
    right = np.array([True] * 72 + [False] * 8 + [True] * 10 + [False] * 10)  # 90% of class 0, 50% of class 1
    codes = np.array([0] * 30 + [1] * 70)
    found = estimate_at_mix(right, truth, codes, np.arange(100))
    assert found.value == pytest.approx(0.3 * 0.9 + 0.7 * 0.5)
    assert found.low < found.value < found.high
    same = estimate_at_mix(right, truth, truth, np.arange(100))
    assert same.value == pytest.approx(right.mean())


def test_a_class_without_real_images_is_left_out_of_the_mix():
    found = estimate_at_mix(np.array([True, False]), np.array([0, 0]), np.array([0, 1, 1]), np.arange(2))
    assert found.value == pytest.approx(0.5)
