import json

import pytest

from ganoscope.audits.answer import Value
from ganoscope.audits.policy import judge, load_policy
from ganoscope.audits.scorecard import Entry
from ganoscope.contracts import Measured
from ganoscope.errors import UserError
from ganoscope.statistics.estimate import Estimate


def number(low, value, high, floor=None, name="size", images="all"):
    known = Estimate(floor, floor, floor, 10, 10) if floor is not None else None
    return Value(name, Measured(Estimate(value, low, high, 10, 10), known, "lower"), images)


def entries(*values, outcome="clear"):
    return [Entry("things", "Are things well?", outcome, "They are.", values)]


@pytest.mark.parametrize(
    ("rule", "value", "result"),
    [
        ({"at_most": 3}, number(1, 2, 3), "pass"),
        ({"at_most": 2.5}, number(1, 2, 3), "unknown"),
        ({"at_most": 0.5}, number(1, 2, 3), "fail"),
        ({"at_least": 1}, number(1, 2, 3), "pass"),
        ({"at_least": 2.5}, number(1, 2, 3), "unknown"),
        ({"at_least": 4}, number(1, 2, 3), "fail"),
        ({"at_most_floors": 3}, number(1, 2, 3, floor=1), "pass"),
        ({"at_most_floors": 2}, number(1, 2, 3, floor=0.4), "fail"),
        ({"at_most_floors": 3}, number(1, 2, 3), "unknown"),
        ({"at_most": 3}, number(float("nan"), 2, float("nan")), "pass"),
        ({"at_most": 3}, number(float("nan"), float("nan"), float("nan")), "unknown"),
        ({"at_most": 3}, number(1, 2, 3, images="class a"), "unknown"),
        ({"at_most": 3, "at_least": 4}, number(1, 2, 3), "fail"),
    ],
)
def test_the_whole_interval_decides(rule, value, result):
    assert judge({"things.size": rule}, entries(value)).result == result


def test_a_number_must_keep_to_its_rule_in_every_feature_family():
    judged = judge({"things.size": {"at_most": 3}}, entries(number(1, 2, 3), number(4, 5, 6)))
    assert judged.result == "fail"
    assert judged.rules[0].why == "5 (4 to 6)"


@pytest.mark.parametrize(
    ("outcome", "wanted", "result"),
    [
        ("clear", "clear", "pass"),
        ("fault", "clear", "fail"),
        ("untested", "clear", "unknown"),
        ("fault", "fault", "pass"),
    ],
)
def test_outcomes_are_ruled(outcome, wanted, result):
    assert judge({"things.outcome": wanted}, entries(outcome=outcome)).result == result


def test_what_was_not_measured_is_unknown_and_a_failure_goes_before_it():
    policy = {"things.other": {"at_most": 1}, "absent.size": {"at_most": 1}}
    assert judge(policy, entries(number(1, 2, 3))).result == "unknown"
    judged = judge({**policy, "things.size": {"at_most": 0}}, entries(number(1, 2, 3)))
    assert (judged.result, [one.result for one in judged.rules]) == ("fail", ["unknown", "unknown", "fail"])


def test_a_policy_is_refused_with_all_faults(tmp_path):
    path = tmp_path / "policy.json"
    path.write_text(json.dumps({"nothing.size": {"at_most": 1}, "things.outcome": "good", "things.size": {"below": 1}}))
    with pytest.raises(UserError) as told:
        load_policy(path, ("things",))
    assert all(word in str(told.value) for word in ("nothing.size", "good", "below"))
    path.write_text("{}")
    with pytest.raises(UserError, match="no rule"):
        load_policy(path, ("things",))
    for rule in ({"at_most": "1"}, {"at_most": True}, {}, 3, None):
        path.write_text(json.dumps({"things.size": rule}))
        with pytest.raises(UserError, match="is no rule"):
            load_policy(path, ("things",))
    path.write_text(json.dumps({"things.size": {"at_most": 1}}))
    assert load_policy(path, ("things",)) == {"things.size": {"at_most": 1}}
