"""Alarms of a classifier and its store on the page, and what was looked for."""

from ganoscope.alarms import Alarm
from ganoscope.evaluate.classification import split_checks
from ganoscope.explanation import answers
from ganoscope.reports.classifier.looked_for import CHECKS, find_chapter, link_alarms, list_outcomes


def test_alarms_of_classifier_and_store_are_shown_most_severe_first_with_their_origin():
    own = [Alarm("few_groups_test", "warning", "few."), Alarm("no_better_than_chance", "danger", "chance.")]
    cards = link_alarms(own, [Alarm("exact_copies", "warning", "copies.")])
    assert [card.message for card in cards] == ["Chance.", "Few.", "Copies."]
    assert [card.anchor for card in cards] == ["metrics", "data", ""]
    assert [card.origin for card in cards] == ["classifier", "classifier", "data"]


def test_outcomes_are_those_of_the_rooms_that_raise_alarms():
    assert (*split_checks.CHECKS, *answers.CHECKS) == CHECKS
    own = [Alarm("no_better_than_chance", "danger", "chance."), Alarm("few_groups_test", "warning", "few.")]
    outcomes = {outcome.looked_for: outcome.outcome for outcome in list_outcomes(own, [])}
    assert len(outcomes) == len(CHECKS) + 1
    assert [outcome for name, outcome in outcomes.items() if name.startswith("A test AUROC")] == ["1 danger."]
    assert sorted(set(outcomes.values())) == ["1 danger.", "1 warning.", "No alarm."]


def test_every_check_leads_to_a_chapter():
    assert [code for check in CHECKS for code in check.codes if find_chapter(code) == ("", "")] == []
