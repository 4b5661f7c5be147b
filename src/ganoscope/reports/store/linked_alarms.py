"""Alarms of a store as cards that lead to their evidence, and what was looked for without finding anything."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ganoscope.alarms import Alarm, load_alarms, sort_alarms
from ganoscope.reports.kit.alarm_cards import AlarmList, Outcome, count_by_severity, describe_verdict, make_card
from ganoscope.reports.store.evidence import Evidence
from ganoscope.reports.store.subjects import SUBJECTS, Subject


def collect_alarms(evidence: Evidence) -> AlarmList:
    """Returns a store's alarms with links to their evidence, and what was looked for."""
    path = evidence.store.path / "alarms.json"
    alarms = sort_alarms(load_alarms(path))
    verdict = describe_verdict(alarms) if path.exists() else "Nothing was checked: the store has no alarms.json."
    return AlarmList(
        cards=tuple(make_card(alarm, place=find_place(alarm.code)) for alarm in alarms),
        outcomes=tuple(describe(subject, alarms, evidence) for subject in SUBJECTS) if path.exists() else (),
        verdict=verdict,
    )


def find_place(code: str) -> tuple[str, str]:
    """Returns (anchor, title) of the section that shows the evidence of an alarm; ("", "") where there is none."""
    return next(((subject.anchor, subject.section) for subject in SUBJECTS if code in subject.codes), ("", ""))


def describe(subject: Subject, alarms: Sequence[Alarm], evidence: Evidence) -> Outcome:
    """Returns what came of one subject, in words.

    Args:
        subject: What was looked for.
        alarms: All alarms of the store.
        evidence: What is shown of the store.
    """
    raised = [alarm for alarm in alarms if alarm.code in subject.codes]
    if raised:
        words = f"{count_by_severity(raised)}."
    elif subject.table and not (evidence.store.path / subject.table).exists():
        words = "No volumes." if subject.table == "series.csv" else f"Not looked for: no {subject.table}."
    elif subject.needs and lacks(evidence.columns[subject.needs.column], subject.needs.least):
        words = f"Not looked for: {subject.needs.lacking}."
    else:
        words = "No alarm."
    return Outcome(subject.looked_for, words, anchor=subject.anchor, section=subject.section)


def lacks(values: NDArray[np.str_], least: int) -> bool:
    """Tells whether there are fewer different values, other than "" and 0, than wanted.

    Args:
        values: Shape (N,).
        least: Number of different values wanted.

    Example:
        >>> lacks(np.array(["", "a", "0"]), 1), lacks(np.array(["", "a", "0"]), 2)
        (False, True)
    """
    return len(set(values.tolist()) - {"", "0"}) < least
