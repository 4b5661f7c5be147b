"""Intervals over splits where the procedure is in question, over patients where the models are, and within a range."""

import math

import numpy as np
import pytest
from tests.fixtures.study_tables import UNKNOWN

from ganoscope.statistics.corrected_t import compare_splits
from ganoscope.statistics.patient_jackknife import estimate_over_patients
from ganoscope.studies.evidence.estimated_means import EstimatedMeans
from ganoscope.studies.evidence.held_out_answers import PatientVariances

VALUES = np.array([0.7, 0.72, 0.69, 0.75, 0.71])


def estimate(part, estimand, metric="auroc", values=VALUES, variance=0.0004, level=True):
    key = (part, "augmented", "small_cnn", metric)
    means = EstimatedMeans(0.25, PatientVariances({key: variance}, {key: variance}), estimand)
    found = means.estimate_level(key, values) if level else means.estimate_difference(key, values, metric)
    return found.value, found.low, found.high


@pytest.mark.parametrize("level", [True, False])
@pytest.mark.parametrize(
    ("part", "estimand", "over_patients"),
    [
        ("held_out", "procedure", False),
        ("held_out", "models", True),
        ("external", "procedure", True),
        ("external", "models", True),
        ("synthetic", "procedure", False),
        ("synthetic", "models", False),
    ],
)
def test_what_varies_is_what_the_study_is_about(part, estimand, over_patients, level):
    expected = (estimate_over_patients if over_patients else compare_splits)(VALUES, 0.25, 0.0004)
    found = estimate(part, estimand, level=level)
    assert found == pytest.approx((expected.value, expected.low, expected.high))
    if over_patients:
        assert found[2] - found[1] == pytest.approx(2 * 1.959964 * 0.02)


def test_a_mean_is_over_the_splits_in_which_it_is_defined():
    key = ("held_out", "augmented", "small_cnn", "auroc")
    means = EstimatedMeans(0.25, UNKNOWN)
    found = means.estimate_level(key, [0.7, np.nan, 0.8])
    assert (found.value, found.splits) == (pytest.approx(0.75), 2)
    assert means.estimate_level(key, [np.nan, np.nan]) is means.estimate_difference(key, [], "auroc") is None


@pytest.mark.parametrize(
    ("metric", "level", "low", "high"),
    [("accuracy", True, 0, 1), ("brier", True, 0, 2), ("sensitivity", False, -1, 1), ("brier", False, -2, 2)],
)
@pytest.mark.parametrize("estimand", ["procedure", "models"])
def test_no_interval_leaves_the_range_of_its_metric(metric, level, low, high, estimand):
    found = estimate("held_out", estimand, metric, np.array([-0.9, 0.9]), 4.0, level)
    assert found[1:] == (low, high)


@pytest.mark.parametrize("variance", [0.0, math.nan])
def test_where_no_patient_varies_there_is_no_interval_over_patients(variance):
    assert np.isnan(estimate("external", "models", variance=variance)[1:]).all()
    assert np.isfinite(estimate("held_out", "procedure", variance=variance)[1:]).all()
