"""Means of metrics over splits, and what always naming one class would reach."""

import math

import numpy as np
import pytest
from tests.fixtures.study_tables import SPLITS, UNKNOWN, list_values, write_tables

from ganoscope.statistics.corrected_t import compare_splits
from ganoscope.studies.analysis.endpoint_means import average, measure_always, measure_endpoints
from ganoscope.studies.evidence.estimated_means import EstimatedMeans
from ganoscope.studies.evidence.held_out_answers import PatientVariances

MEANS = EstimatedMeans(0.5, UNKNOWN)


def test_means_and_intervals_are_those_of_the_table(tmp_path):
    write_tables(tmp_path)
    found = {(one.part, one.family, one.arm, one.metric): one for one in measure_endpoints(tmp_path, MEANS)}
    values = np.array([list_values("augmented", split) for split in range(SPLITS)])
    one, wanted = found["held_out", "small_cnn", "augmented", "accuracy"], compare_splits(values, 0.5)
    assert (one.mean, one.low, one.high, one.splits) == pytest.approx((wanted.value, wanted.low, wanted.high, SPLITS))


def test_an_interval_ends_where_the_metric_does_and_undefined_splits_are_left_out():
    means = EstimatedMeans(1.0, UNKNOWN)
    one = average(("held_out", "a", "f", "auroc"), np.array([0.99, 0.5, np.nan]), means)
    assert (one.low, one.high, one.splits) == (0.0, 1.0, 2)
    assert average(("held_out", "a", "f", "brier"), np.array([0.99, 0.5]), means).high == 2.0
    assert math.isnan(average(("held_out", "a", "f", "auroc"), np.array([0.5]), means).low)


def test_always_naming_one_class_is_as_right_as_that_class_is_frequent():
    found = {one.metric: one.mean for one in measure_always({0: {"a": 30, "b": 10}, 1: {"a": 20, "b": 20}}, 1.0)}
    assert found == {"accuracy": 0.625, "balanced_accuracy": 0.5, "auroc": 0.5}


def test_an_interval_is_widened_where_patients_vary_more(tmp_path):
    write_tables(tmp_path)
    key = ("held_out", "augmented", "small_cnn", "accuracy")
    plain, wide = (
        next(
            one
            for one in measure_endpoints(tmp_path, EstimatedMeans(0.5, variances))
            if (one.part, one.arm, one.family, one.metric) == key
        )
        for variances in (UNKNOWN, PatientVariances({key: 0.01}, {}))
    )
    values = np.array([list_values("augmented", split) for split in range(SPLITS)])
    wanted = compare_splits(values, 0.02 / values.var(ddof=1))
    assert (wide.low, wide.high) == pytest.approx((wanted.low, wanted.high))
    assert wide.high - wide.low > 1.5 * (plain.high - plain.low)
