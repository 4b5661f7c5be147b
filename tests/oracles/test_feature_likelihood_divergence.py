"""The feature likelihood divergence written twice: densities by loops here, and the fit against a general optimiser."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from ganoscope.evaluate.comparison import Comparison
from ganoscope.evaluate.features import Features
from ganoscope.evaluate.fidelity.feature_likelihood_divergence import (
    compute_divergences,
    fit_variances,
    measure,
)
from ganoscope.evaluate.neighbourhoods import compute_squares


def mixture(points, centres, variances):
    dimension = centres.shape[1]
    densities = [
        [multivariate_normal.pdf(x, y, v * np.eye(dimension)) for y, v in zip(centres, variances, strict=True)]
        for x in points
    ]
    return np.log(np.mean(densities, axis=1))


def test_it_is_the_published_formula_and_its_widths_make_training_images_most_probable():
    rng = np.random.default_rng(0)
    centres, training, unseen = (rng.normal(size=(count, 2)) for count in (4, 30, 8))
    fitted = fit_variances(compute_squares(training, centres), 2)
    best = minimize(lambda logs: -mixture(training, centres, np.exp(logs)).mean(), np.zeros(4), method="Nelder-Mead")
    assert -mixture(training, centres, fitted).mean() == pytest.approx(best.fun, abs=0.01)
    expected = -100 / 2 * mixture(unseen, centres, fitted)
    assert compute_divergences(centres, training, unseen) == pytest.approx(expected)


def make(values, seed=0):
    return Features(values, np.arange(len(values)), "drawn", "none")


def test_copies_of_training_images_and_poor_ones_are_worse_than_new_ones():
    rng = np.random.default_rng(0)
    training, held_out, new = (rng.normal(size=(count, 8)) for count in (200, 200, 200))
    values = {
        name: measure(Comparison(features=(make(images), make(training), make(held_out))))
        for name, images in {"new": new, "copies": training, "poor": 2 * new + 1}.items()
    }
    floor = values["new"].floor
    assert values["new"].at_floor_size == pytest.approx(floor.value, abs=floor.high - floor.low)
    assert values["copies"].at_floor_size > floor.high
    assert values["poor"].at_floor_size > floor.high
