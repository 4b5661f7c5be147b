import numpy as np
import pytest
from tests.fixtures.digital_phantom import LEVELS, NUMBER

from ganoscope.evaluate.radiomics.tone_difference import SMOOTHEST, compute_tone_difference_features

REFERENCE = {"coarseness": 0.121, "contrast": 0.925, "busyness": 2.99, "complexity": 10.4, "strength": 2.88}
"""IBSI, 2D."""


def test_features_are_the_reference_values_of_ibsi():
    found = compute_tone_difference_features(LEVELS, NUMBER)
    assert {name: values.mean() for name, values in found.items()} == pytest.approx(REFERENCE, rel=5e-3)


def test_a_constant_image_is_as_coarse_as_can_be():
    found = compute_tone_difference_features(np.full((1, 4, 4), 2), 3)
    assert found["coarseness"] == SMOOTHEST
    assert all(np.isfinite(values).all() for values in found.values())
