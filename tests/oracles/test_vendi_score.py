"""The Vendi score written twice: here from the matrix of all similarities."""

import numpy as np
import pytest

from ganoscope.evaluate.features import Features
from ganoscope.evaluate.fidelity.vendi_score import compute_vendi_score, estimate_vendi_score, point


def make(values):
    return Features(np.asarray(values, float), np.arange(len(values)), "drawn", "none")


def test_it_is_the_exponential_of_the_entropy_of_the_eigenvalues_of_all_similarities():
    drawn = make(np.random.default_rng(0).normal(size=(12, 5)))
    moved = (drawn.values - drawn.values.mean(0)) / drawn.values.std(0)
    kernel = np.array([[x @ y / np.linalg.norm(x) / np.linalg.norm(y) for x in moved] for y in moved])
    eigenvalues = np.linalg.eigvalsh(kernel / 12)
    expected = np.exp(-sum(one * np.log(one) for one in eigenvalues if one > 1e-12))
    assert compute_vendi_score(point(drawn, drawn)) == pytest.approx(expected)


def test_weights_are_repetitions():
    directions = point(
        make(np.random.default_rng(0).normal(size=(6, 4))), make(np.random.default_rng(1).normal(size=(9, 4)))
    )
    times = np.array([2, 0, 1, 3, 1, 1])
    assert compute_vendi_score(directions, times) == pytest.approx(
        compute_vendi_score(directions.repeat(times, axis=0))
    )


def test_one_image_repeated_counts_as_one_and_unlike_ones_as_many():
    reference = make(np.random.default_rng(0).normal(size=(50, 4)))
    assert estimate_vendi_score(make(np.ones((20, 4))), reference, 0).value == pytest.approx(1)
    assert compute_vendi_score(np.eye(4)) == pytest.approx(4)
