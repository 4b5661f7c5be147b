"""What was looked for in a store: the list comes from the checks, and every check leads to a chapter."""

from dataclasses import replace

from tests.fixtures.made_up_stores import write_store

from ganoscope.alarms import Alarm, save_alarms
from ganoscope.data.checks import CHECKS
from ganoscope.data.checks.shortcuts import Shortcut
from ganoscope.reports.store.artefacts import read_evidence
from ganoscope.reports.store.looked_for import CHAPTERS, COLUMNS, TABLES, collect_alarms, find_chapter
from ganoscope.workflows.inspect import inspect


def test_no_chapter_leads_to_an_unknown_code_and_a_new_check_needs_none():
    codes = [code for check in CHECKS for code in check.codes]
    assert {code for listed in CHAPTERS.values() for code in listed} <= set(codes)
    assert find_chapter("few_images") == ("counts", "Counts")
    assert find_chapter("a_new_check") == ("", "")
    assert {*TABLES, *COLUMNS} <= {check.codes[0] for check in CHECKS}


def test_a_fact_above_chance_below_the_limit_is_not_called_no_alarm(tmp_path):
    store = write_store(tmp_path / "store", [{"label": "ab"[n % 2], "searched": True} for n in range(24)])
    save_alarms(store.path / "alarms.json", [])
    evidence = read_evidence(store, inspect(store.path).data)
    fact = Shortcut("image size", 0.58, 0.53, 0.63, 24, "")
    outcomes = collect_alarms(replace(evidence, findings=replace(evidence.findings, shortcuts=(fact,)))).outcomes
    (outcome,) = (one.outcome for one in outcomes if one.anchor == "shortcuts")
    assert "the best image size with AUC 0.58 (0.53 to 0.63; 24 images)" in outcome
    assert "No alarm" not in outcome


def test_outcomes_are_in_the_order_of_the_checks_with_alarms_counted(tmp_path):
    store = write_store(tmp_path / "store", [{"searched": True} for _ in range(24)])
    save_alarms(store.path / "alarms.json", [Alarm("few_groups", "warning", "few."), Alarm("unheard_of", "note", "?")])
    found = collect_alarms(read_evidence(store, inspect(store.path).data))
    assert [one.looked_for.lower() for one in found.outcomes] == [check.description.lower() for check in CHECKS]
    outcomes = {check.codes[0]: one.outcome for check, one in zip(CHECKS, found.outcomes, strict=True)}
    assert outcomes["few_groups"] == "1 warning."
    assert outcomes["slice_order"] == "No volumes."
    assert outcomes["near_duplicates"] == "Not looked for: no duplicates.csv."
    assert outcomes["burnt_in_markers"] == "No alarm."
    assert [(card.anchor, card.section) for card in found.cards] == [("counts", "Counts"), ("", "")]
