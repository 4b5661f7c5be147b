"""Alarms as cards, and the sentences that count them."""

from ganoscope.alarms import Alarm
from ganoscope.reports.kit.alarm_cards import describe_verdict, make_card


def test_a_card_tells_severity_by_shape_and_lists_its_numbers():
    alarm = Alarm("few_flips", "warning", "only few change.", {"flip_share": 0.25, "images": 1200, "first_images": 3})
    card = make_card(alarm, "Counterfactuals", place=("flips", "Flips"), left_out=("first_images",))
    assert (card.sign, card.title, card.message) == ("▲", "Few flips", "Only few change.")
    assert card.evidence == (("flip share", "0.25"), ("images", "1,200"))
    assert (card.origin, card.span, card.anchor, card.section) == ("Counterfactuals", "", "flips", "Flips")


def test_the_verdict_counts_and_names_what_was_not_checked():
    alarms = [Alarm("a", "danger", ""), Alarm("b", "note", ""), Alarm("c", "note", "")]
    assert describe_verdict(alarms) == "Alarms: 1 danger, 2 notes."
    assert describe_verdict(alarms[1:], ["Data", "Training"]) == (
        "Alarms: 2 notes. Not checked: data, training (see below)."
    )
    assert describe_verdict([]) == "No alarms were raised by the checks listed below."
