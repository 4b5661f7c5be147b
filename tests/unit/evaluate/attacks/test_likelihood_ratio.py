"""Likelihood ratios: against the densities of two normal distributions, and blind where nothing leaks."""

import numpy as np
import pytest
from scipy.stats import norm

from ganoscope.evaluate.attacks.likelihood_ratio import (
    Shadows,
    compare_with_shadows,
    compute_likelihood_ratio,
    score_each_model,
    standardise,
)


def draw_inside(images, models, rng):
    """Halves by pairs of models."""
    first = np.stack([rng.permutation(images) < images // 2 for _ in range(models // 2)], 1)
    return np.stack([first, ~first], 2).reshape(images, models)


def test_the_ratio_is_that_of_two_normal_densities():
    rng = np.random.default_rng(0)
    inside = draw_inside(30, 8, rng)
    statistics, audited = rng.normal(size=(30, 8)) + 2 * inside, rng.normal(size=30)
    squares, expected = 0.0, []
    for row, chosen in zip(statistics, inside, strict=True):
        squares += ((row[chosen] - row[chosen].mean()) ** 2).sum() + ((row[~chosen] - row[~chosen].mean()) ** 2).sum()
    deviation = np.sqrt(squares / (30 * 8 - 2 * 30))
    for value, row, chosen in zip(audited, statistics, inside, strict=True):
        with_it, without = (norm.logpdf(value, row[side].mean(), deviation) for side in (chosen, ~chosen))
        expected.append(with_it - without)
    assert compute_likelihood_ratio(audited, statistics, inside) == pytest.approx(np.array(expected))


def measure_auroc(scores, member):
    return np.mean(scores[member][:, None] > scores[~member])


@pytest.mark.parametrize(("shift", "low", "high"), [(0.0, 0.485, 0.515), (1.0, 0.6, 0.9)])
def test_models_leak_where_their_statistic_does_and_nowhere_else(shift, low, high):
    """Images differ in how typical they are, models in scale and offset; only the ratio is free of both."""
    rng = np.random.default_rng(1)
    inside = draw_inside(1000, 8, rng)
    easy = 3 * rng.normal(size=(1000, 1))
    statistics = (easy + rng.normal(size=(1000, 8)) + shift * inside) * rng.uniform(1, 3, 8) + rng.normal(size=8)
    scores = score_each_model(statistics, inside)
    found = np.mean([measure_auroc(scores[:, model], inside[:, model]) for model in range(8)])
    assert low < found < high
    alone = np.mean([measure_auroc(statistics[:, model], inside[:, model]) for model in range(8)])
    assert alone < 0.65


def test_an_audited_generator_is_compared_with_its_shadows():
    rng = np.random.default_rng(2)
    inside, member = draw_inside(400, 8, rng), rng.random(400) < 0.5
    statistics, audited = rng.normal(size=(400, 8)) + inside, 5 + 2 * (rng.normal(size=400) + member)
    scores = compare_with_shadows(Shadows(audited, statistics, inside))
    assert measure_auroc(scores, member) > 0.6


def test_constant_statistics_say_nothing():
    assert (standardise(np.ones((4, 2))) == 0).all()
    inside = draw_inside(4, 8, np.random.default_rng(0))
    assert (score_each_model(np.ones((4, 8)), inside) == 0).all()
