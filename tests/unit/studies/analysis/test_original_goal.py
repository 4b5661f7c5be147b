"""The original goal, beside what is measured."""

import pytest
from tests.fixtures.study_tables import SPLITS, UNKNOWN, write_tables

from ganoscope.studies.analysis import original_goal
from ganoscope.studies.evidence.estimated_means import EstimatedMeans
from ganoscope.studies.evidence.held_out_answers import PatientVariances

MEANS = EstimatedMeans(0.5, UNKNOWN)


def test_accuracies_are_compared_with_goal_and_baseline(tmp_path, monkeypatch):
    write_tables(tmp_path)
    monkeypatch.setattr(original_goal, "GOAL", 0.75)
    found = {(one.family, one.arm): one for one in original_goal.measure_goal(tmp_path, SPLITS, MEANS)}
    assert {arm for _, arm in found} == {"baseline", "augmented", "classical"}
    better, worse = found["small_cnn", "classical"], found["small_cnn", "augmented"]
    assert (better.above, better.improved, better.accuracy) == ("yes", "yes", pytest.approx(0.8, abs=0.01))
    assert (worse.above, worse.improved, worse.difference) == ("no", "no", pytest.approx(-0.1, abs=0.01))
    assert found["small_cnn", "baseline"].improved == "no"


def test_a_difference_on_a_few_patients_again_and_again_is_no_improvement(tmp_path):
    write_tables(tmp_path)
    means = EstimatedMeans(0.5, PatientVariances({}, {("held_out", "classical", "small_cnn", "accuracy"): 0.01}))
    found = {(one.family, one.arm): one for one in original_goal.measure_goal(tmp_path, SPLITS, means)}
    wide, plain = found["small_cnn", "classical"], found["random_features", "classical"]
    assert (wide.improved, plain.improved) == ("no", "yes")
    assert wide.low < 0 < plain.low
