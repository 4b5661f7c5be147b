"""Checks of a classifier and its store, their outcomes, and the chapters that show the evidence."""

from collections.abc import Sequence
from typing import Any

from ganoscope.alarms import Alarm, Check, sort_alarms
from ganoscope.data import checks as data_checks
from ganoscope.evaluate.classification import split_checks
from ganoscope.explanation import answers
from ganoscope.reports.kit.alarm_cards import (
    AlarmList,
    Card,
    Outcome,
    count_by_severity,
    describe_verdict,
    find_title,
    make_card,
)

CHECKS: tuple[Check[Any], ...] = (*split_checks.CHECKS, *answers.CHECKS)
"""Checks of a classifier, in the order in which the page lists them."""
CHAPTERS: dict[tuple[str, str], tuple[str, ...]] = {
    ("data", "Data"): (
        *("overlapping_", "nothing_scored_", "unscored_images_"),
        *("single_class_", "absent_classes_", "few_groups_"),
    ),
    ("metrics", "Metrics"): ("perfect_precision_", "no_better_than_chance", "one_answer_", "worse_on_external_store"),
    ("calibration", "Calibration"): ("temperature_",),
    ("subgroups", "Subgroups"): ("weak_subgroup",),
    ("heat_maps", "Heat maps"): tuple(code for check in answers.CHECKS for code in check.codes),
}
"""By the chapter (anchor, title) that shows their evidence: beginnings of codes."""


def collect_alarms(own: Sequence[Alarm], of_store: Sequence[Alarm], checks: Sequence[Check[Any]] = CHECKS) -> AlarmList:
    """Returns the alarms of the classifier and its store, and all checks with their outcomes.

    Args:
        own: Alarms of the classifier.
        of_store: Alarms of the store.
        checks: Checks of the classifier.
    """
    return AlarmList(
        cards=link_alarms(own, of_store, checks),
        outcomes=list_outcomes(own, of_store, checks),
        verdict=describe_verdict(sort_alarms([*own, *of_store])),
    )


def link_alarms(
    own: Sequence[Alarm], of_store: Sequence[Alarm], checks: Sequence[Check[Any]] = CHECKS
) -> tuple[Card, ...]:
    """Returns the alarms as cards, most severe first; those of the classifier link to the chapter with the evidence.

    Args:
        own: Alarms of the classifier.
        of_store: Alarms of the store.
        checks: Checks of the classifier.
    """
    of_classifier = {id(alarm) for alarm in own}
    return tuple(
        make_card(alarm, "classifier", place=find_chapter(alarm.code), title=find_title(alarm, checks))
        if id(alarm) in of_classifier
        else make_card(alarm, "data", title=find_title(alarm, data_checks.CHECKS))
        for alarm in sort_alarms([*own, *of_store])
    )


def find_chapter(code: str) -> tuple[str, str]:
    """Returns (anchor, title) of the chapter that shows the evidence of an alarm; ("", "") where there is none."""
    return next((chapter for chapter, beginnings in CHAPTERS.items() if code.startswith(beginnings)), ("", ""))


def list_outcomes(
    own: Sequence[Alarm], of_store: Sequence[Alarm], checks: Sequence[Check[Any]] = CHECKS
) -> tuple[Outcome, ...]:
    """Returns the outcome of every check of the classifier, and of its store's checks together.

    Args:
        own: Alarms of the classifier.
        of_store: Alarms of the store.
        checks: Checks of the classifier.
    """
    outcomes = []
    for check in checks:
        anchor, title = find_chapter(check.codes[0])
        raised = [alarm for alarm in own if check.raises(alarm.code)]
        looked_for = check.description[:1].upper() + check.description[1:]
        outcomes.append(Outcome(looked_for, describe_count(raised), anchor=anchor, section=title))
    of_data = describe_count(of_store)
    return (*outcomes, Outcome("What `prepare` looks for in the data", of_data, section="inspect.html of the store"))


def describe_count(alarms: Sequence[Alarm]) -> str:
    """Returns how many alarms of each severity there are, in words."""
    return f"{count_by_severity(alarms)}." if alarms else "No alarm."
