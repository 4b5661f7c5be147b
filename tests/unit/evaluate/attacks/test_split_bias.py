"""The two-sample test: predictions against a plain ridge regression, level and power by simulation."""

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score

from ganoscope.evaluate.attacks import split_bias
from ganoscope.evaluate.attacks.split_bias import average_auroc, compare_real_sets, predict


def test_predictions_are_those_of_ridge_regression():
    rng = np.random.default_rng(0)
    features, tested, labels = rng.normal(size=(40, 5)), rng.normal(size=(7, 5)), rng.integers(0, 2, (40, 3)) * 1.0
    spread = features.std(0)
    ridge = Ridge(alpha=40).fit((features - features.mean(0)) / spread, labels)
    expected = ridge.predict((tested - features.mean(0)) / spread) - labels.mean(0)
    assert predict(features, labels, tested) == pytest.approx(expected)


def test_auroc_is_averaged_over_folds_that_hold_both_sets():
    rng = np.random.default_rng(0)
    scores, labels, folds = rng.integers(0, 9, (30, 2)) * 1.0, rng.integers(0, 2, (30, 2)) * 1.0, np.arange(30) % 3
    labels[folds == 2, 1] = 0
    expected = [
        np.mean([roc_auc_score(labels[folds == fold, k], scores[folds == fold, k]) for fold in used])
        for k, used in enumerate(((0, 1, 2), (0, 1)))
    ]
    assert average_auroc(scores, labels, folds) == pytest.approx(np.array(expected))


def draw(rng, shift, views=3):
    """Features of 60 patients with several images each, of which the first half are members."""
    patients = rng.normal(size=(60, 6))
    patients[:30, 0] += shift
    groups = np.repeat(np.arange(60), views)
    return patients[groups] + 0.3 * rng.normal(size=(len(groups), 6)), groups < 30, groups


def test_it_finds_a_difference_and_keeps_its_level_although_images_of_a_patient_are_alike(monkeypatch):
    monkeypatch.setattr(split_bias, "PERMUTATIONS", 99)
    rng = np.random.default_rng(0)
    null = [compare_real_sets(*draw(rng, 0.0), seed).p for seed in range(200)]
    assert sum(p <= 0.05 for p in null) <= binom.ppf(0.995, 200, 0.05)
    assert np.mean([compare_real_sets(*draw(rng, 1.5), seed).p < 0.05 for seed in range(20)]) >= 0.85


def test_scores_come_from_other_patients_alone_and_repeat():
    features, member, groups = draw(np.random.default_rng(0), 1.0)
    first, again = (compare_real_sets(features, member, groups, 5) for _ in range(2))
    assert (first.scores == again.scores).all()
    assert all(len(np.unique(first.folds[groups == group])) == 1 for group in np.unique(groups))
    alone = first.folds == first.folds[0]
    expected = predict(features[~alone], member[~alone, None] * 1.0, features[alone])[:, 0]
    assert first.scores[alone] == pytest.approx(expected)
