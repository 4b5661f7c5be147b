"""Alarms: what was saved comes back, gravest first."""

import importlib
import inspect
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

import ganoscope
from ganoscope import workflows
from ganoscope.alarms import Alarm, Check, announce, collect_checks, load_alarms, run_checks, save_alarms, sort_alarms
from ganoscope.errors import UserError
from ganoscope.registry import list_modules

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


def test_alarms_of_an_earlier_version_bear_the_code_of_this_one(tmp_path):
    save_alarms(tmp_path / "alarms.json", [Alarm("single_class_part", "danger", "one class")])
    assert [alarm.code for alarm in load_alarms(tmp_path / "alarms.json")] == ["single_class_split"]


@dataclass
class Made:
    path: Path


def make(store: Path) -> Path:
    """A verb that writes an artefact with alarms."""
    save_alarms(store / "alarms.json", [Alarm("n", "note", "later."), Alarm("d", "danger", "[b]first[/b].")])
    return store


@contextmanager
def yield_store(folder):
    make(folder)
    yield Made(folder)


def test_a_verb_prints_the_alarms_of_its_result_once_on_standard_error(tmp_path, capsys):
    verb = announce(make, "store")
    assert verb(tmp_path) == verb(store=tmp_path) == tmp_path
    said = capsys.readouterr()
    assert said.err.splitlines() == ["danger: [b]first[/b].", "note: later."] * 2
    assert said.out == ""
    assert verb.__doc__ == make.__doc__


def test_a_context_manager_prints_the_alarms_of_the_store_that_it_yields(tmp_path, capsys):
    with announce(yield_store, "")(tmp_path) as made:
        assert capsys.readouterr().err.splitlines() == ["danger: [b]first[/b].", "note: later."]
    assert made.path == tmp_path


def test_every_verb_that_writes_alarms_prints_them_in_python():
    silent = {
        "fetch",
        "generate",
        "train",
        "study",
        "report",
        "demo",
        "audit",
        "bank",
    }  # none, or as they are raised, or on the page
    assert set(ganoscope._ALARMS_IN) == (set(list_modules(workflows)) | {"check"}) - silent
    for name, folder in ganoscope._ALARMS_IN.items():
        assert not folder or folder in inspect.signature(getattr(ganoscope, name)).parameters


def test_a_new_file_adds_its_checks_in_the_order_of_their_ranks(tmp_path, monkeypatch):
    room = tmp_path / "room_of_checks"
    room.mkdir()
    (room / "__init__.py").write_text("")
    head = "from ganoscope.alarms import Check\n"
    (room / "alone.py").write_text(head + 'CHECK = Check(("alone",), "one", lambda _: [])')
    (room / "computes.py").write_text("NUMBER = 1")
    (room / "several.py").write_text(
        head + "CHECKS = tuple(Check((name,), name, lambda _: [], rank=rank) for rank, name in ((2, 'b'), (1, 'a')))"
    )
    monkeypatch.syspath_prepend(tmp_path)
    found = collect_checks(importlib.import_module("room_of_checks"))
    assert [check.codes for check in found] == [("a",), ("b",), ("alone",)]
