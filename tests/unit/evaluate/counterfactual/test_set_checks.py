"""What is wrong with counterfactuals raises its alarm and no other."""

from dataclasses import replace

import numpy as np
import pytest

from ganoscope.evaluate.counterfactual.measures import NAMES, Measures
from ganoscope.evaluate.counterfactual.set_checks import CHECKS, find_alarms
from ganoscope.evaluate.counterfactual.set_findings import summarise

DIRECTIONS = np.array(["well to sick", "sick to well"] * 20)
GROUPS = [f"patient {number // 2}" for number in range(40)]


def make_measures(**known):
    columns = {name: np.full(40, np.nan) for name in NAMES}
    return Measures(**{**columns, **{name: np.broadcast_to(np.asarray(v, float), 40) for name, v in known.items()}})


GOOD = make_measures(
    flip=1, judge_flip=1, attack_flip=1, attack_judge_flip=0, flip_after_blur=1, flip_as_written=1, l1=3.0
)


def codes(measures):
    return [alarm.code for alarm in find_alarms(summarise(measures, DIRECTIONS, GROUPS, 0))]


def test_a_change_that_both_classifiers_follow_raises_nothing():
    assert codes(GOOD) == []


BAD = {
    "few_flips": {"flip": 0.2, "judge_flip": np.nan, "attack_judge_flip": np.nan},
    "counterfactual_like_attack": {"judge_flip": 0},
    "flips_lost_in_blur": {"flip_after_blur": 0},
    "control_undecided": {"attack_judge_flip": 1},
    "change_misses_findings": {"change_in_lesion": 0.1, "lesion_area": 0.1},
    "change_outside_anatomy": {"change_in_anatomy": 0.1, "anatomy_area": 0.4},
    "change_in_padding": {"change_in_padding": 0.5, "padding_area": 0.3},
    "written_files_differ": {"flip_as_written": 0.5},
}


@pytest.mark.parametrize("code", BAD)
def test_what_is_wrong_is_told_and_nothing_else(code):
    measures = replace(GOOD, **{name: np.broadcast_to(float(value), 40) for name, value in BAD[code].items()})
    found = find_alarms(summarise(measures, DIRECTIONS, GROUPS, 0))
    assert [alarm.code for alarm in found] == [code] * 2
    assert [alarm.evidence["direction"] for alarm in found] == ["sick to well", "well to sick"]
    assert [check.codes for check in CHECKS if check.raises(code)] == [(code,)]
    assert all("n = " in alarm.message and alarm.message.startswith(alarm.evidence["direction"]) for alarm in found)


@pytest.mark.parametrize("code", BAD)
def test_what_is_wrong_in_one_direction_is_not_hidden_by_the_other(code):
    bad = np.where(DIRECTIONS == "well to sick", 1.0, np.nan)
    usual = {"change_in_lesion": 0.9, "change_in_anatomy": 0.9, "change_in_padding": 0.0}
    values = {
        name: np.where(np.isnan(bad), usual.get(name, getattr(GOOD, name)), value) for name, value in BAD[code].items()
    }
    found = find_alarms(summarise(replace(GOOD, **values), DIRECTIONS, GROUPS, 0))
    assert [(alarm.code, alarm.evidence["direction"]) for alarm in found] == [(code, "well to sick")]


def test_a_change_in_the_finding_and_beside_the_padding_raises_nothing():
    places = {"change_in_lesion": 0.6, "lesion_area": 0.1, "change_in_anatomy": 0.6, "anatomy_area": 0.4}
    places |= {"change_in_padding": 0.2, "padding_area": 0.3}
    assert codes(replace(GOOD, **{name: np.broadcast_to(value, 40) for name, value in places.items()})) == []


def test_every_check_is_tried_here():
    assert {code for check in CHECKS for code in check.codes} == set(BAD)
    assert all(check.limit for check in CHECKS)
