"""AUROC against scikit-learn, SciPy and plain loops; every way of computing it gives the same number."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu, rankdata
from sklearn.metrics import average_precision_score, roc_auc_score

from ganoscope.seeds import Stream, stream
from ganoscope.statistics.auroc import (
    compute_auroc,
    compute_macro_auroc,
    compute_sklearn_auroc,
    estimate_auroc,
    estimate_macro_auroc,
    rank_classes,
)
from ganoscope.statistics.bootstrap import RESAMPLES


def draw_predictions(classes, images=90, seed=0):
    random = np.random.default_rng(seed)
    codes = np.concatenate([np.arange(classes), random.integers(classes, size=images - classes)])
    chances = 0.8 * random.dirichlet(np.ones(classes), images) + 0.2 * np.eye(classes)[codes]
    return codes, random.multinomial(20, chances) / 20  # with ties


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=60))
@settings(deadline=None)
def test_auroc_equals_the_mann_whitney_statistic(pairs):
    scores, sides = (np.array(values) for values in zip(*pairs, strict=True))
    auroc = compute_auroc(scores, sides, np.ones((1, len(scores))))[0]
    if sides.all() or not sides.any():
        assert np.isnan(auroc)
    else:
        expected = mannwhitneyu(scores[sides], scores[~sides]).statistic / sides.sum() / (~sides).sum()
        assert auroc == pytest.approx(expected, abs=1e-14)


def test_weights_count_images_as_often_as_they_say():
    random = np.random.default_rng(3)
    scores, positive = random.integers(0, 9, 50) / 4.0, random.random(50) < 0.4
    weights = random.integers(0, 4, (20, 50)).astype(float)
    auroc, precision = rank_classes(scores, positive, weights)
    assert np.array_equal(auroc, compute_auroc(scores, positive, weights))
    for row, found, average in zip(weights.astype(int), auroc, precision, strict=True):
        chosen = np.repeat(np.arange(50), row)
        assert found == pytest.approx(roc_auc_score(positive[chosen], scores[chosen]), abs=1e-12)
        assert average == pytest.approx(average_precision_score(positive[chosen], scores[chosen]), abs=1e-12)


def test_counts_of_equal_answers_give_the_number_of_their_images():
    """A table of answers, as the search for shortcuts has it, in place of images."""
    random = np.random.default_rng(1)
    scores, positive = random.integers(0, 5, 400), random.random(400) < 0.5
    counts = np.concatenate([np.bincount(scores[~positive], minlength=5), np.bincount(scores[positive], minlength=5)])
    table = compute_auroc(np.tile(np.arange(5.0), 2), np.arange(10) >= 5, counts[None].astype(float))
    assert table[0] == compute_auroc(scores, positive, np.ones((1, 400)))[0]


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_macro_auroc_is_scikit_learns_and_that_of_mean_ranks(classes):
    codes, probabilities = draw_predictions(classes)
    found = compute_macro_auroc(codes, probabilities, np.ones((1, len(codes))))[0]
    assert found == pytest.approx(compute_sklearn_auroc(codes, probabilities), abs=1e-12)
    ranks, sides = rankdata(probabilities, axis=0), codes[:, None] == np.arange(classes)
    count = sides.sum(0)
    by_ranks = ((ranks * sides).sum(0) - count * (count + 1) / 2) / (count * (len(codes) - count))
    assert found == (by_ranks[1] if classes == 2 else by_ranks.mean())


@pytest.mark.parametrize("classes", [2, 4])
def test_interval_is_that_of_resampled_groups_written_out(classes):
    codes, probabilities = draw_predictions(classes, 60)
    member = np.unique(np.random.default_rng(5).integers(0, 25, 60), return_inverse=True)[1]
    found = estimate_macro_auroc(codes, probabilities, member, stream(0, Stream.TEACHER_BOOTSTRAP), 300)
    random, values = np.random.default_rng(0), []
    for _ in range(300):
        drawn = random.integers(member.max() + 1, size=member.max() + 1)
        rows = np.concatenate([np.flatnonzero(member == group) for group in drawn])
        if len(np.unique(codes[rows])) == classes:
            values.append(compute_macro_auroc(codes[rows], probabilities[rows], np.ones((1, len(rows))))[0])
    assert (found.low, found.high) == tuple(np.quantile(values, [(1 - 0.95) / 2, (1 + 0.95) / 2]))
    assert (found.n, found.groups) == (60, member.max() + 1)
    assert found.low < found.value < found.high


def test_two_sets_are_resampled_apart_and_positives_by_group():
    random = np.random.default_rng(4)
    positive, negative = random.integers(0, 9, 30) + 2, random.integers(0, 9, 25)
    groups = np.unique(random.integers(0, 9, 30), return_inverse=True)[1]
    found = estimate_auroc(positive, negative, [f"{group:02}" for group in groups], seed=3)
    wins = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    assert found.value == wins.mean()
    assert (found.n, found.groups) == (55, groups.max() + 1 + 25)
    first = np.random.default_rng([3, 31]).integers(groups.max() + 1, size=(RESAMPLES, groups.max() + 1))
    second = np.random.default_rng([4, 31]).integers(25, size=(RESAMPLES, 25))
    values = [
        wins[np.concatenate([np.flatnonzero(groups == group) for group in one])][:, other].mean()
        for one, other in zip(first, second, strict=True)
    ]
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(values, (0.025, 0.975))), abs=1e-12)


def test_the_interval_covers_chance_about_as_often_as_it_says():
    covered = 0
    for seed in range(150):
        random = np.random.default_rng(seed)
        found = estimate_auroc(random.normal(size=40), random.normal(size=40), seed=seed)
        covered += found.low <= 0.5 <= found.high
    assert 0.88 <= covered / 150 <= 0.99
