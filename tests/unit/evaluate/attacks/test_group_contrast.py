"""Studentised rank statistics: against plain loops, and how often random labels reach their level."""

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from ganoscope.evaluate.attacks.group_contrast import (
    Tried,
    centre,
    compute_split_auroc,
    draw_labels,
    mark_top,
    rank_within,
    studentise,
    studentise_splits,
    sum_groups,
    try_images,
    weigh_groups,
)


@pytest.fixture
def tried():
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 20, 60)
    member = groups % 3 == 0
    return Tried(rng.normal(size=60) + member, member, groups, rng.integers(0, 2, 60))


def studentise_plainly(tried, values):
    """The formula of the module, patient by patient."""
    weights = []
    for group in np.unique(tried.groups):
        total = 0.0
        for i in np.flatnonzero(tried.groups == group):
            same = tried.strata == tried.strata[i]
            total += (tried.member[i] - tried.member[same].mean()) * (values[i] - values[same].mean())
        weights.append(total)
    return sum(weights) / np.sqrt(sum(weight**2 for weight in weights))


def test_the_statistic_equals_plain_loops(tried):
    ranks = rank_within(tried.scores, tried.strata)
    for values in (ranks, mark_top(ranks, 0.1)):
        assert studentise(weigh_groups(tried, values)) == pytest.approx(studentise_plainly(tried, values))


def test_ranks_are_shares_of_lower_scores_in_the_stratum(tried):
    for i, rank in enumerate(rank_within(tried.scores, tried.strata)):
        same = tried.scores[tried.strata == tried.strata[i]]
        assert rank == pytest.approx(((same < tried.scores[i]).sum() + (same == tried.scores[i]).sum() / 2) / len(same))


def test_splits_equal_the_statistic_of_relabelled_images(tried):
    one = try_images(tried.scores, tried.member, tried.groups)
    names, counts = np.unique(one.groups, return_counts=True)
    ranks = rank_within(one.scores, one.strata)
    sums = sum_groups(centre(ranks, one.strata), one.groups)
    labels = draw_labels(len(names), 7, np.random.default_rng(1), 5)
    assert (labels.sum(1) == 7).all()
    found, auroc = studentise_splits(sums, counts, labels), compute_split_auroc(sums, counts, labels)
    for row, z, value in zip(labels, found, auroc, strict=True):
        member = np.isin(one.groups, names[row == 1])
        relabelled = Tried(one.scores, member, one.groups, one.strata)
        assert z == pytest.approx(studentise_plainly(relabelled, ranks))
        wins = mannwhitneyu(one.scores[member], one.scores[~member]).statistic
        assert value == pytest.approx(wins / member.sum() / (~member).sum())


def test_equal_scores_have_no_statistic():
    same = try_images(np.ones(6), np.arange(6) < 3, np.arange(6))
    assert studentise(weigh_groups(same, rank_within(same.scores, same.strata))) == 0


def test_a_few_members_at_the_top_show_among_the_highest_before_they_show_in_ranks():
    rng = np.random.default_rng(0)
    scores, member = rng.normal(size=1000), np.arange(1000) < 500
    scores[:25] += 10
    tried = try_images(scores, member, np.arange(1000))
    ranks = rank_within(scores, tried.strata)
    body, top = (studentise(weigh_groups(tried, values)) for values in (ranks, mark_top(ranks, 0.025)))
    assert top > 4 > 2.5 > body
