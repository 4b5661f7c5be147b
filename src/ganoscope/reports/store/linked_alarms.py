"""Alarms of a store as cards that lead to their evidence, and what was looked for without finding anything."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.alarms import Alarm, load_alarms, sort_alarms
from ganoscope.reports.kit.alarm_cards import SIGNS, Card, count, describe_verdict, make_card
from ganoscope.reports.store.evidence import Evidence
from ganoscope.reports.store.subjects import SUBJECTS, Subject


@dataclass(frozen=True)
class LinkedCard:
    """An alarm with the place of its evidence; `anchor` is "" where the page has none."""

    card: Card
    anchor: str
    section: str


@dataclass(frozen=True)
class Outcome:
    """What came of one subject."""

    looked_for: str
    outcome: str
    anchor: str
    section: str


@dataclass(frozen=True)
class Alarms:
    """All alarms, gravest first, and all subjects."""

    cards: tuple[LinkedCard, ...]
    outcomes: tuple[Outcome, ...]
    verdict: str


def collect_alarms(evidence: Evidence) -> Alarms:
    """Returns a store's alarms with links to their evidence, and what was looked for."""
    path = evidence.store.path / "alarms.json"
    alarms = sort_alarms(load_alarms(path))
    verdict = describe_verdict(alarms, []) if path.exists() else "Nothing was checked: the store has no alarms.json."
    return Alarms(
        cards=tuple(link_card(alarm) for alarm in alarms),
        outcomes=tuple(judge(subject, alarms, evidence) for subject in SUBJECTS) if path.exists() else (),
        verdict=verdict,
    )


def link_card(alarm: Alarm) -> LinkedCard:
    """Returns an alarm as it is shown, with the section that shows its evidence."""
    card = make_card(alarm, "Data")
    for subject in SUBJECTS:
        if alarm.code in subject.codes:
            return LinkedCard(card, subject.anchor, subject.section)
    return LinkedCard(card, "", "")


def judge(subject: Subject, alarms: Sequence[Alarm], evidence: Evidence) -> Outcome:
    """Returns what came of one subject, in words."""
    raised = [alarm.severity for alarm in alarms if alarm.code in subject.codes]
    if raised:
        words = ", ".join(count(raised.count(name), name) for name in SIGNS if name in raised) + "."
    elif subject.table and not (evidence.store.path / subject.table).exists():
        words = "No volumes." if subject.table == "series.csv" else f"Not looked for: no {subject.table}."
    elif subject.needs and lacks(evidence.columns[subject.needs.column], subject.needs.least):
        words = f"Not looked for: {subject.needs.lacking}."
    else:
        words = "No alarm."
    return Outcome(subject.looked_for, words, subject.anchor, subject.section)


def lacks(values: NDArray[np.str_], least: int) -> bool:
    """Tells whether there are fewer different values, other than "" and 0, than wanted.

    Example:
        >>> lacks(np.array(["", "a", "0"]), 1), lacks(np.array(["", "a", "0"]), 2)
        (False, True)
    """
    return len(set(values.tolist()) - {"", "0"}) < least
