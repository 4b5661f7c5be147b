"""Alarms of a classifier and its store on the page."""

from ganoscope.alarms import Alarm
from ganoscope.reports.classifier.linked_alarms import SUBJECTS, link_alarms, list_outcomes


def test_alarms_of_classifier_and_store_are_shown_gravest_first_with_their_origin():
    own = [Alarm("few_groups_test", "warning", "few."), Alarm("no_better_than_chance", "danger", "chance.")]
    cards = link_alarms(own, [Alarm("exact_copies", "warning", "copies.")])
    assert [card.message for card in cards] == ["Chance.", "Few.", "Copies."]
    assert [card.anchor for card in cards] == ["metrics", "data", ""]
    assert [card.origin for card in cards] == ["classifier", "classifier", "data"]
    outcomes = {outcome.looked_for: outcome.outcome for outcome in list_outcomes(own, [])}
    assert outcomes["Test AUROC that chance may have given"] == "1 danger."
    assert len(outcomes) == len(SUBJECTS) + 1
