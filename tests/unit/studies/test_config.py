"""Options of a study: every fault is named, all at once."""

import pytest

from ganoscope.errors import UserError
from ganoscope.studies.config import StudyConfig


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"arms": ("baseline", "magic")}, "no such arm: got magic"),
        ({"families": ("small_cnn", "svm")}, "no such classifier: got svm"),
        ({"arms": ("baseline",)}, "--arms has nothing to compare"),
        ({"arms": ("augmented", "augmented")}, "--arms is empty or names something twice"),
        ({"real_fraction": 0.0}, "--real-fraction is out of range"),
        ({"ratios": (0.0,)}, "--ratios is out of range: got 0.0"),
        ({"low_data": (1.0,)}, "--low-data is out of range"),
        ({"arms": ("baseline", "external")}, "arm external and --synthetic need each other"),
        ({"primary_arm": "curriculum"}, "--primary-arm is not one of --arms: got curriculum"),
        ({"arms": ("baseline", "curriculum"), "schedule": "0:2"}, "share out of range: got 2"),
        ({"arms": ("baseline", "curriculum"), "epochs": 5}, "--schedule adds no synthetic image"),
        ({"expected_sd": 0.0}, "--expected-sd is out of range"),
        ({"pilot": 3, "expected_sd": 0.02}, "--pilot does not fit"),
        ({"estimand": "models", "low_data": (0.5,)}, "--low-data needs --estimand procedure: got models"),
        ({"low_data": (0.5, 0.25, 0.5)}, "--low-data names something twice: got 0.5, 0.25, 0.5"),
        ({"real_fraction": 0.5, "low_data": (0.5,)}, "--low-data is out of range: got 0.5"),
        ({"number": 100, "ratios": (0.5, 1.0)}, "--number is out of range, or given beside --ratios"),
        ({"primary_arm": "baseline"}, "--primary-arm is what all arms are compared with: got baseline"),
        (
            {"arms": ("baseline", "curriculum", "augmented"), "families": ("random_features", "small_cnn")},
            "the primary arm has no meaning for the first of --families: got curriculum, random_features",
        ),
        (
            {
                "arms": ("baseline", "augmented", "curriculum"),
                "families": ("random_features",),
                "primary_arm": "curriculum",
            },
            "the primary arm has no meaning for the first of --families",
        ),
        ({"synthetic_patients": "some"}, "--synthetic-patients is not known"),
    ],
)
def test_a_fault_is_named(options, fault):
    with pytest.raises(UserError) as told:
        StudyConfig(**options)
    assert fault in str(told.value)


def test_all_faults_are_told_at_once():
    with pytest.raises(UserError) as told:
        StudyConfig(repeats=0, arms=("baseline", "magic"), margin=2.0)
    assert len(str(told.value).splitlines()) == 3


def test_without_weights_there_is_nothing_to_unfreeze():
    assert StudyConfig(unfreeze=True).weights is None


def test_the_primary_arm_comes_first():
    config = StudyConfig(arms=("baseline", "classical", "augmented"), primary_arm="augmented")
    assert config.compared == ("augmented", "classical")
    assert StudyConfig(arms=("classical", "augmented")).compared == ("classical", "augmented")
