"""Controls of attacks: what random splits give, exact levels, and what split bias does to a p value."""

import numpy as np
import pytest
from scipy.stats import binom

from ganoscope.evaluate.attacks import attack_controls
from ganoscope.evaluate.attacks.attack_controls import (
    SETS,
    compare_with_bias,
    compute_p,
    make_controls,
    score_ranks,
    studentise_attack,
)
from ganoscope.evaluate.attacks.group_contrast import Tried, try_images
from ganoscope.evaluate.attacks.split_bias import SplitBias


def draw(rng, shift=0.0, top=0, patients=(40, 30)):
    """Scores of patients with three images each, alike within a patient; the first patients are members."""
    groups = np.repeat(np.arange(sum(patients)), 3)
    member = groups < patients[0]
    scores = rng.normal(size=sum(patients))[groups] + 0.3 * rng.normal(size=len(groups)) + shift * member
    scores[:top] += 10
    return try_images(scores, member, groups)


def test_controls_regroup_the_same_scores():
    tried = draw(np.random.default_rng(0))
    controls = make_controls(tried, 0)
    assert [control.name for control in controls] == list(SETS)
    assert [control.patients for control in controls] == [40, 30, 70]
    for control, again in zip(controls, make_controls(tried, 0), strict=True):
        assert (control.auroc == again.auroc).all()
        assert len(control.auroc) == attack_controls.SPLITS >= 200
        assert control.auroc.mean() == pytest.approx(0.5, abs=0.01)
        assert control.z["ranks"].std() == pytest.approx(1, abs=0.15)


def judge(tried, bias=None):
    z, controls = studentise_attack(tried), make_controls(tried, 0)
    beyond = compare_with_bias(tried, bias) if bias else dict.fromkeys(z, 0.0)
    return {name: max(beyond[name], *(compute_p(z[name], one.z[name]) for one in controls)) for name in z}


def test_chance_reaches_the_level_no_more_often_than_it_says(monkeypatch):
    monkeypatch.setattr(attack_controls, "SPLITS", 200)
    rng = np.random.default_rng(0)
    found = [judge(draw(rng)) for _ in range(200)]
    for name in attack_controls.STATISTICS:
        assert sum(p[name] <= 0.05 for p in found) <= binom.ppf(0.995, 200, 0.05)


def test_a_shift_shows_in_ranks_and_a_few_outstanding_members_at_the_top():
    assert judge(draw(np.random.default_rng(0), shift=1.5))["ranks"] < 0.01
    few = judge(draw(np.random.default_rng(1), top=60, patients=(200, 200)))
    assert few["top"] < 0.01


def test_a_patient_on_both_sides_is_not_mixed():
    rng = np.random.default_rng(0)
    tried = Tried(rng.normal(size=80), np.arange(80) % 2 == 0, np.arange(80) // 2, np.zeros(80, np.int64))
    assert len(make_controls(tried, 0)) == 2


def test_an_attack_that_sees_only_what_differs_by_itself_does_not_count():
    rng = np.random.default_rng(0)
    tried = draw(rng, shift=1.5)
    folds = np.arange(70)[tried.groups] % 5
    same = SplitBias(tried.scores + 0.1 * rng.normal(size=len(folds)), folds, 0.85, 0.002)
    weak = SplitBias(rng.normal(size=len(folds)), folds, 0.5, 0.002)
    assert judge(tried, same)["ranks"] > 0.05
    assert judge(tried, weak)["ranks"] < 0.01


def test_scores_of_both_statistics_rise_with_the_attack():
    tried = draw(np.random.default_rng(0))
    order = np.argsort(tried.scores)
    ranks = score_ranks(tried)
    assert (np.diff(ranks["ranks"][0][order]) > 0).all()
    for share, marked in zip(attack_controls.TOP_SHARES, ranks["top"], strict=True):
        assert (np.diff(marked[order]) >= 0).all()
        assert marked.mean() == pytest.approx(share, abs=1 / len(order))
