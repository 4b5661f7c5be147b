"""Results of attacks: AUROC against scikit-learn, Holm over claims, and detection limits checked by simulation."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from ganoscope.evaluate.attacks import attack_controls
from ganoscope.evaluate.attacks.attack_results import (
    adjust_claims,
    find_least_auroc,
    find_least_share,
    measure_attack,
    measure_error,
)
from ganoscope.evaluate.attacks.group_contrast import Tried, try_images
from ganoscope.evaluate.attacks.split_bias import SplitBias


@pytest.fixture(autouse=True)
def few_splits(monkeypatch):
    monkeypatch.setattr(attack_controls, "SPLITS", 400)


def draw(rng, shift=0.0, share=0.0, patients=(150, 100)):
    groups = np.arange(sum(patients))
    member = groups < patients[0]
    scores = rng.normal(size=len(groups)) + shift * member
    scores[: round(share * patients[0])] += 10
    return try_images(scores, member, groups)


def measure(tried, counts=True, bias=None):
    return measure_attack("one" if counts else "other", "words", counts, tried, bias, 0)


def test_auroc_is_that_of_scikit_learn_averaged_over_strata_inside_its_interval():
    rng = np.random.default_rng(0)
    one = draw(rng, 0.5)
    result = measure(one)
    assert result.auroc.value == pytest.approx(roc_auc_score(one.member, one.scores))
    assert result.auroc.low < result.auroc.value < result.auroc.high
    assert (result.auroc.n, result.auroc.groups) == (250, 250)
    strata = np.arange(250) % 2
    apart = measure(Tried(one.scores + 100 * strata, one.member, one.groups, strata))
    each = [roc_auc_score(one.member[strata == k], one.scores[strata == k]) for k in (0, 1)]
    assert apart.auroc.value == pytest.approx(np.mean(each))


def test_the_floor_is_centred_at_chance_and_as_wide_as_random_labels_are():
    rng = np.random.default_rng(0)
    result = measure(draw(rng))
    spread = np.std([measure_auroc(draw(rng)) for _ in range(200)])
    assert measure_error(draw(rng)) == pytest.approx(spread, rel=0.15)
    assert result.floor.value == pytest.approx(0.5, abs=0.01)
    assert result.floor.high - result.floor.low == pytest.approx(2 * 1.96 * spread, rel=0.25)


def measure_auroc(tried):
    return roc_auc_score(tried.member, tried.scores)


def is_leak(tried, claims=2):
    return min(adjust_claims([measure(tried)])) < 0.05


def test_a_leak_of_the_stated_size_is_seen_about_as_often_as_stated():
    from scipy.stats import norm

    rng = np.random.default_rng(0)
    result = measure(draw(rng))
    shift = norm.ppf(find_least_auroc(result, 2, None)) * np.sqrt(2)
    assert np.mean([is_leak(draw(rng, shift=shift)) for _ in range(25)]) > 0.55
    share = find_least_share(result, 2)
    assert 0 < share < 0.2
    assert np.mean([is_leak(draw(rng, share=share)) for _ in range(25)]) > 0.55
    assert np.mean([is_leak(draw(rng)) for _ in range(25)]) <= 0.2


def test_what_does_not_count_is_never_adjusted_and_never_leaks():
    strong = draw(np.random.default_rng(0), 2.0)
    counted, alone = measure(strong), measure(strong, counts=False)
    assert adjust_claims([counted, alone])[1] == 1.0
    assert adjust_claims([counted])[0] < 0.05


def test_a_leak_must_be_larger_where_the_sets_differ_by_themselves():
    tried = draw(np.random.default_rng(0))
    bias = SplitBias(np.random.default_rng(1).normal(size=250), np.arange(250) % 5, 0.7, 0.002)
    assert find_least_auroc(measure(tried), 2, bias) > 0.7
