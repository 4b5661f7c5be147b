"""The jackknife over patients: as large as the bootstrap's variance and DeLong's, and blocks in place of patients."""

import numpy as np
import pytest
from scipy.stats import norm

from ganoscope.seeds import Stream, stream
from ganoscope.statistics import patient_jackknife
from ganoscope.statistics.auroc import compute_macro_auroc
from ganoscope.statistics.patient_bootstrap import HeldOut, resample_patients
from ganoscope.statistics.patient_jackknife import estimate_over_patients, estimate_patient_variances


def draw_splits(patients=150, splits=5, images=2, classes=2):
    """Two models whose errors on a patient recur in every split that tests the patient."""
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.arange(patients) % classes)
    own = rng.normal(size=(2, patients, classes)) + np.eye(classes)[labels]
    held = []
    for _ in range(splits):
        member = np.repeat(rng.permutation(patients)[: patients // 2], images)
        answers = norm.cdf(own[:, member] + 0.3 * rng.normal(size=(2, len(member), classes)))
        held.append(HeldOut(member, labels[member], answers / answers.sum(2, keepdims=True)))
    return held


@pytest.mark.parametrize("classes", [2, 3])
def test_it_is_the_bootstraps_variance(classes):
    splits = draw_splits(classes=classes)
    _, resampled = resample_patients(splits, stream(0, Stream.BOOTSTRAP), 1000)
    levels, differences = estimate_patient_variances(splits)
    assert levels.tolist() == pytest.approx(resampled.var(0).tolist(), rel=0.25)
    assert differences[0] == 0
    assert differences[1] == pytest.approx((resampled[:, 1] - resampled[:, 0]).var(), rel=0.25)


def test_patients_of_several_splits_are_no_new_patients():
    split = draw_splits(splits=1)[0]
    assert np.allclose(estimate_patient_variances([split] * 4), estimate_patient_variances([split]))


def test_blocks_stand_in_for_many_patients(monkeypatch):
    splits = draw_splits(patients=600)
    one_by_one = estimate_patient_variances(splits)[0]
    monkeypatch.setattr(patient_jackknife, "BLOCKS", 100)
    assert estimate_patient_variances(splits)[0].tolist() == pytest.approx(one_by_one.tolist(), rel=0.35)


def test_a_split_that_loses_its_only_positive_stays_as_it_is():
    second = np.array([[0.1, 0.2, 0.9]])
    split = HeldOut(np.arange(3), np.array([0, 0, 1]), np.stack([1 - second, second], 2))
    assert estimate_patient_variances([split])[0].tolist() == [0.0]


def test_one_patient_has_no_variance():
    second = np.array([[0.1, 0.9]])
    split = HeldOut(np.zeros(2, int), np.array([0, 1]), np.stack([1 - second, second], 2))
    assert np.isnan(estimate_patient_variances([split])).all()


@pytest.mark.slow
def test_its_interval_covers_what_the_models_do_on_all_patients():
    """Fixed models on new patients: the AUROC of two normal scores is known, Phi(1 / sqrt(2))."""
    rng, covered = np.random.default_rng(3), 0
    for _ in range(400):
        labels = np.arange(120) % 2
        score = norm.cdf(rng.normal(size=120) + labels)
        split = HeldOut(np.arange(120), labels, np.stack([1 - score, score], 1)[None])
        auroc = np.array([compute_macro_auroc(labels, split.probabilities[0], np.ones((1, 120)))[0]])
        found = estimate_over_patients(auroc, 0.25, float(estimate_patient_variances([split])[0][0]))
        covered += found.low <= norm.cdf(1 / np.sqrt(2)) <= found.high
    assert 0.92 <= covered / 400 <= 0.98
