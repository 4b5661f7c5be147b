"""Harm in subgroups: flagged where an arm is worse beyond the margin with its interval below 0, and only there."""

import pytest
from tests.fixtures.study_tables import UNKNOWN, write_tables

from ganoscope.studies.analysis.subgroup_harms import compare, compare_subgroups
from ganoscope.studies.evidence.estimated_means import EstimatedMeans
from ganoscope.studies.evidence.held_out_answers import PatientVariances, name_metric

PLACE = ("held_out", "small_cnn", "class", "a", "sensitivity")


def judge(changes, margin=0.01, variance=float("nan")):
    before = {split: [0.7] for split in range(len(changes))}
    after = {split: [0.7 + change] for split, change in enumerate(changes)}
    variances = PatientVariances({}, {("held_out", "augmented", "small_cnn", "sensitivity|class|a"): variance})
    return compare(PLACE, "augmented", (before, after), 20.0, margin, EstimatedMeans(0.25, variances))


def test_an_arm_that_is_clearly_worse_is_flagged():
    found = judge([-0.10, -0.11, -0.09, -0.10, -0.12, -0.10])
    assert (found.harms, found.splits) == ("yes", 6)
    assert found.difference == pytest.approx(-0.62 / 6)
    assert found.high < 0


@pytest.mark.parametrize(
    "changes",
    [
        [0.10, 0.11, 0.09, 0.10, 0.12],  # better
        [-0.3, 0.25, -0.2, 0.1, -0.1],  # its interval crosses 0
        [-0.005, -0.006, -0.004, -0.005, -0.005],  # within the margin
        [-0.5],  # one split tells no interval
    ],
)
def test_other_arms_are_not(changes):
    assert judge(changes).harms == "no"


def test_harm_to_the_same_few_patients_again_and_again_is_no_flag():
    changes = [-0.10, -0.11, -0.09, -0.10, -0.12, -0.10]
    assert judge(changes, variance=1e-6).harms == "yes"
    assert judge(changes, variance=0.01).harms == "no"


def test_each_subgroup_has_a_variance_of_its_own(tmp_path):
    write_tables(tmp_path)
    key = ("held_out", "augmented", "small_cnn", name_metric("sensitivity", "class", "glioma"))
    found = compare_subgroups(tmp_path, 0.01, EstimatedMeans(0.5, PatientVariances({}, {key: 0.01})))
    flagged = {(one.metric, one.subgroup) for one in found if one.harms == "yes" and one.family == "small_cnn"}
    assert flagged == {("auroc", "glioma"), ("auroc", "meningioma"), ("sensitivity", "meningioma")}


def test_a_wider_margin_forgives_more():
    changes = [-0.10, -0.11, -0.09, -0.10, -0.12, -0.10]
    assert judge(changes, margin=0.2).harms == "no"


def test_a_study_is_compared_class_by_class(tmp_path):
    write_tables(tmp_path)
    found = list(compare_subgroups(tmp_path, 0.01, EstimatedMeans(0.5, UNKNOWN)))
    flagged = {(one.arm, one.subgroup) for one in found if one.harms == "yes"}
    assert flagged == {("augmented", "glioma"), ("augmented", "meningioma")}
    assert {one.arm for one in found} == {"augmented", "classical"}, "the baseline at other fractions is no arm"
