"""Verdicts: the rule, and the family-wise error of wrong ones, where the usual steps of Holm go wrong."""

import numpy as np
import pytest
from scipy.stats import t

from ganoscope.statistics.corrected_t import MeanDifference, compare_splits
from ganoscope.statistics.holm import adjust_holm
from ganoscope.statistics.verdict import EQUAL, HARMS, HELPS, NO_EVIDENCE, give_verdict, judge_arms

SPLITS, RATIO, MARGIN = 25, 0.25, 0.01


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (-0.005, 0.005, EQUAL),
        (0.001, 0.009, EQUAL),
        (-0.009, -0.001, EQUAL),
        (0.001, 0.011, HELPS),
        (0.0, 0.011, HELPS),
        (-0.011, -0.001, HARMS),
        (-0.011, 0.0, HARMS),
        (-0.001, 0.011, NO_EVIDENCE),
        (-0.01, 0.01, NO_EVIDENCE),
        (np.nan, np.nan, NO_EVIDENCE),
        (0.0, 0.0, EQUAL),
    ],
)
def test_the_rule(low, high, word):
    assert give_verdict(low, high, MARGIN) == word


@pytest.mark.parametrize("splits", [1, 2, 25])
@pytest.mark.parametrize("difference", [0.0, 0.3, -0.3])
def test_differences_without_scatter_are_no_evidence_of_anything(splits, difference):
    scattered = compare_splits(np.random.default_rng(0).normal(0.1, 0.02, SPLITS), RATIO)
    found = judge_arms([compare_splits(np.full(splits, difference), RATIO), scattered], MARGIN)
    assert [one.word for one in found] == [NO_EVIDENCE, HELPS]
    assert np.isnan([found[0].low, found[0].high]).all()


@pytest.mark.parametrize("difference", [0.0, 0.002, 0.1])
def test_two_splits_are_wrong_no_more_often_than_any_others(difference):
    draws = np.random.default_rng(4).normal(difference, 0.01, (4000, 2))
    words = [judge_arms([compare_splits(pair, 0.0)], MARGIN)[0].word for pair in draws]
    wrong = sum(is_wrong(word, difference) for word in words)
    assert wrong / len(words) <= 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / 4000)


def test_words_and_adjusted_p_values_agree():
    rng = np.random.default_rng(0)
    for _ in range(100):
        arms = [compare_splits(rng.normal(mean, 0.02, SPLITS), RATIO) for mean in (0, 0.02, 0.03, -0.03)]
        for verdict in judge_arms(arms, 0.0):
            assert (verdict.word in (HELPS, HARMS)) == (verdict.p <= 0.05)


def draw_family(rng, truths, error, shared):
    """One comparison of each arm, of one standard error for all or one each; a shared baseline correlates by half."""
    noise = rng.normal(size=len(truths))
    if shared:
        noise = (noise - rng.normal()) / np.sqrt(2)
    ses = error * np.sqrt(rng.chisquare(SPLITS - 1, len(truths)) / (SPLITS - 1))
    half = ses * t.ppf(0.975, SPLITS - 1)
    values = np.asarray(truths) + error * noise
    p = 2 * t.sf(np.abs(values) / ses, SPLITS - 1)
    return [
        MeanDifference(value, np.nan, se, value - h, value + h, one_p, SPLITS, RATIO)
        for value, se, h, one_p in zip(values, ses, half, p, strict=True)
    ]


def is_wrong(word, truth):
    return (word == HELPS and truth <= 0) or (word == HARMS and truth >= 0) or (word == EQUAL and abs(truth) >= MARGIN)


def judge_by_two_sided_holm(arms):
    """Intervals at the levels of the usual Holm procedure: alpha / (m - k + 1)."""
    p = np.array([one.p for one in arms])
    ranks = np.argsort(np.argsort(p))
    rejected = adjust_holm(p) <= 0.05
    ranks[~rejected] = rejected.sum()
    words = []
    for one, rank in zip(arms, ranks, strict=True):
        half = one.standard_error * t.ppf(1 - 0.05 / (len(p) - rank) / 2, SPLITS - 1) if rank < len(p) else 0
        words.append(give_verdict(one.value - half, one.value + half, MARGIN))
    return words


def count_wrong(truths, error, shared, judge, families=2500):
    rng = np.random.default_rng(3)
    wrong = 0
    for _ in range(families):
        words = judge(draw_family(rng, truths, error, shared))
        wrong += any(is_wrong(word, truth) for word, truth in zip(words, truths, strict=True))
    return wrong / families


def judge_by_ours(arms):
    return [verdict.word for verdict in judge_arms(arms, MARGIN)]


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize(
    ("truths", "error"),
    [
        ((0, 0, 0, 0), 0.01),
        ((0, 0, 0, 0), 0.002),
        ((0, 0.01, 0.01, 0.01), 0.0005),
        ((0, 0.01, -0.01, 0.01), 0.003),
        ((1e-9, 0.02, -0.01, 0.0), 0.004),
        ((0.01, -0.01), 0.0005),
        ((0, 0.01, 0.01, 0.01), (0.02, 0.0005, 0.0005, 0.0005)),
    ],
)
def test_any_verdict_of_a_family_is_wrong_in_at_most_5_percent(truths, error, shared):
    assert count_wrong(truths, error, shared, judge_by_ours, families=600) <= 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / 600)


def test_the_usual_steps_of_holm_are_wrong_more_often():
    truths, errors = (0, 0.01, 0.01, 0.01), (0.02, 0.0005, 0.0005, 0.0005)
    assert count_wrong(truths, errors, False, judge_by_two_sided_holm) > 0.06
    assert count_wrong(truths, errors, False, judge_by_ours) <= 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / 2500)
