"""Which classes have curves, and what these are."""

import numpy as np
from tests.fixtures.predictions import make_up_predictions

from ganoscope.evaluate.classification.curve_points import compute_curves, list_curve_classes


def test_of_two_classes_the_second_has_a_curve():
    predictions = make_up_predictions([0, 1, 1, 0], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]], ("no", "yes"))
    assert list_curve_classes(predictions) == [1]
    curve = compute_curves(predictions).by_class["yes"]
    assert curve.prevalence == 0.5
    assert np.trapezoid(curve.true_positive_rate, curve.false_positive_rate) == 0.75


def test_a_class_without_images_has_no_curve():
    predictions = make_up_predictions([0, 2, 2, 0], np.eye(3)[[0, 2, 1, 0]], ("a", "b", "c"))
    assert list_curve_classes(predictions) == [0, 2]
    assert list_curve_classes(make_up_predictions([0, 0], [[1, 0], [0, 1]], ("a", "b"))) == []
