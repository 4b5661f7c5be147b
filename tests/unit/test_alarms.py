"""Alarms: what was saved comes back, gravest first."""

import pytest

from ganoscope.alarms import Alarm, Check, load_alarms, run_checks, save_alarms, sort_alarms
from ganoscope.errors import UserError

ALARMS = [
    Alarm("n1", "note", "good to know"),
    Alarm("w1", "warning", 'with "quotes" and 病', {"images": 3, "share": 0.25, "names": ["a", "b"], "part": "test"}),
    Alarm("d1", "danger", "wrong"),
    Alarm("w2", "warning", "may mislead"),
    Alarm("d2", "danger", "wrong too"),
]


def test_gravest_come_first_and_equals_keep_their_order():
    assert [alarm.code for alarm in sort_alarms(ALARMS)] == ["d1", "d2", "w1", "w2", "n1"]
    assert [alarm.code for alarm in sort_alarms(ALARMS[::-1])] == ["d2", "d1", "w2", "w1", "n1"]


def test_alarms_come_back_as_saved(tmp_path):
    save_alarms(tmp_path / "alarms.json", ALARMS)
    assert load_alarms(tmp_path / "alarms.json") == sort_alarms(ALARMS)


def test_no_alarms_are_saved_as_none(tmp_path):
    save_alarms(tmp_path / "alarms.json", [])
    assert (tmp_path / "alarms.json").read_text() == "[]\n"
    assert load_alarms(tmp_path / "alarms.json") == []


def test_missing_file_means_no_alarms(tmp_path):
    assert load_alarms(tmp_path / "alarms.json") == []


def test_damaged_file_is_not_mistaken_for_no_alarms(tmp_path):
    (tmp_path / "alarms.json").write_text("[{")
    with pytest.raises(UserError, match=r"alarms\.json is damaged"):
        load_alarms(tmp_path / "alarms.json")


def test_evidence_is_not_shared_between_alarms():
    first, second = Alarm("a", "note", ""), Alarm("b", "note", "")
    first.evidence["x"] = 1
    assert second.evidence == {}


def test_checks_run_in_order_and_only_raise_what_they_declare():
    def find(prefix):
        return lambda evidence: [Alarm(f"{prefix}_{name}", "note", "") for name in evidence]

    declared = Check(("empty_*",), "empty maps", find("empty"))
    assert [alarm.code for alarm in run_checks([declared, declared], ["a", "b"])] == ["empty_a", "empty_b"] * 2
    with pytest.raises(ValueError, match="check for empty maps does not declare the alarm full_a"):
        run_checks([Check(("empty_*",), "empty maps", find("full"))], ["a"])
