"""The classifier's alarms and its store's as cards, and what was looked for without finding anything."""

from collections.abc import Sequence
from dataclasses import dataclass

from ganoscope.alarms import Alarm, sort_alarms
from ganoscope.reports.kit.alarm_cards import SIGNS, count, make_card
from ganoscope.reports.store.linked_alarms import LinkedCard, Outcome


@dataclass(frozen=True)
class Subject:
    """Something that is looked for in every classifier.

    Attributes:
        looked_for: What, in words.
        codes: What the codes of its alarms begin with.
        anchor: Section of the page that shows the evidence.
        section: Title of that section.
    """

    looked_for: str
    codes: tuple[str, ...]
    anchor: str
    section: str


SUBJECTS = (
    Subject("Patients or near-duplicates of the train part in a held-out part", ("overlapping_",), "data", "Data"),
    Subject("Parts of one class, or without a class", ("single_class_", "absent_classes_"), "data", "Data"),
    Subject("Held-out images that can't be scored", ("nothing_scored_", "unscored_images_"), "data", "Data"),
    Subject("Few independent patients or groups in a part", ("few_groups_",), "data", "Data"),
    Subject("Precision of exactly 1 with recall equal to accuracy", ("perfect_precision_",), "metrics", "Metrics"),
    Subject("Test AUROC that chance may have given", ("no_better_than_chance",), "metrics", "Metrics"),
    Subject("A temperature that the validation part could not tell", ("temperature_",), "calibration", "Calibration"),
    Subject(
        "Heat maps that are empty, ignore the weights, or miss annotated findings",
        ("empty_explanations", "explanation_ignores_weights", "maps_miss_findings"),
        "heat_maps",
        "Heat maps",
    ),
)


def link_alarms(own: Sequence[Alarm], of_store: Sequence[Alarm]) -> tuple[LinkedCard, ...]:
    """Returns the alarms as cards, gravest first; those of the classifier lead to the section with their evidence."""
    origins = {id(alarm): "classifier" for alarm in own} | {id(alarm): "data" for alarm in of_store}
    return tuple(link(alarm, origins[id(alarm)]) for alarm in sort_alarms([*own, *of_store]))


def link(alarm: Alarm, origin: str) -> LinkedCard:
    """Returns one alarm as a card."""
    card = make_card(alarm, origin)
    for subject in SUBJECTS:
        if origin == "classifier" and alarm.code.startswith(subject.codes):
            return LinkedCard(card, subject.anchor, subject.section)
    return LinkedCard(card, "", "")


def list_outcomes(own: Sequence[Alarm], of_store: Sequence[Alarm]) -> tuple[Outcome, ...]:
    """Returns what came of every subject, and of the store's own checks."""
    outcomes = [
        Outcome(
            subject.looked_for,
            count_alarms([alarm for alarm in own if alarm.code.startswith(subject.codes)]),
            subject.anchor,
            subject.section,
        )
        for subject in SUBJECTS
    ]
    return (*outcomes, Outcome("What `prepare` looks for in the data", count_alarms(of_store), "", ""))


def count_alarms(alarms: Sequence[Alarm]) -> str:
    """Returns how many alarms of each severity there are, in words."""
    severities = [alarm.severity for alarm in alarms]
    return (
        ", ".join(count(severities.count(name), name) for name in SIGNS if name in severities) + "."
        if alarms
        else "No alarm."
    )
