"""Alarms as a page shows them: cards, most severe first, the checks made, and a sentence that counts the alarms."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ganoscope.alarms import Alarm, Check, Severity
from ganoscope.errors import write_count
from ganoscope.reports.kit.content import write_number

SIGNS: dict[Severity, str] = {"danger": "■", "warning": "▲", "note": "●"}
"""Severity is shown by word and shape as well as by colour."""


@dataclass(frozen=True)
class Card:
    """One alarm as it is shown.

    Attributes:
        severity: `danger`, `warning` or `note`.
        sign: The severity as a shape.
        title: What was found.
        message: What was seen, and what to do.
        origin: Where the alarm comes from; "" where the page has one origin only.
        span: When it was active, in words, or "".
        evidence: Numbers behind the sentence, as (name, value).
        anchor: Section of the page that shows the evidence, or "".
        section: Title of that section.
    """

    severity: Severity
    sign: str
    title: str
    message: str
    origin: str = ""
    span: str = ""
    evidence: tuple[tuple[str, str], ...] = ()
    anchor: str = ""
    section: str = ""


@dataclass(frozen=True)
class Outcome:
    """One check and its outcome.

    Attributes:
        looked_for: What was looked for.
        outcome: The outcome in words.
        origin: Where the check was made; "" where the page has one origin only.
        anchor: Section of the page that shows the evidence, or "".
        section: Title of that section, or where else the evidence is.
    """

    looked_for: str
    outcome: str
    origin: str = ""
    anchor: str = ""
    section: str = ""


@dataclass(frozen=True)
class AlarmList:
    """A page's alarms, most severe first, everything that was looked for, and a sentence that counts the alarms."""

    cards: tuple[Card, ...]
    outcomes: tuple[Outcome, ...]
    verdict: str


def make_card(
    alarm: Alarm,
    origin: str = "",
    span: str = "",
    place: tuple[str, str] = ("", ""),
    left_out: Collection[str] = (),
    title: str = "",
) -> Card:
    """Returns an alarm as it is shown.

    Args:
        alarm: The alarm.
        origin: Where it comes from.
        span: When it was active, in words.
        place: Anchor and title of the section that shows its evidence.
        left_out: Names of numbers in its evidence that are not listed.
        title: What was found, in words; by default, the alarm's code.
    """
    return Card(
        severity=alarm.severity,
        sign=SIGNS[alarm.severity],
        title=title or alarm.code.replace("_", " ").capitalize(),
        message=alarm.message[:1].upper() + alarm.message[1:],
        origin=origin,
        span=span,
        evidence=tuple(
            (name.replace("_", " "), write_number(value))
            for name, value in alarm.evidence.items()
            if name not in left_out
        ),
        anchor=place[0],
        section=place[1],
    )


def find_title(alarm: Alarm, checks: Iterable[Check[Any]]) -> str:
    """Returns what an alarm has found, as a title, from the check that raises it; "" where no check does.

    Example:
        >>> checks = (Check(("empty_maps",), "empty maps", lambda _: []),)
        >>> find_title(Alarm("empty_maps", "note", ""), checks), find_title(Alarm("a", "note", ""), checks)
        ('Empty maps', '')
    """
    found = next((check for check in checks if check.raises(alarm.code)), None)
    return found.find_title(alarm.code) if found else ""


def describe_verdict(alarms: Sequence[Alarm], unchecked: Sequence[str] = ()) -> str:
    """Returns one sentence that counts the alarms by severity, and names what was not checked."""
    parts = count_by_severity(alarms)
    found = f"Alarms: {parts}." if parts else "No alarms were raised by the checks listed below."
    return f"{found} Not checked: {', '.join(unchecked).lower()} (see below)." if unchecked else found


def count_by_severity(alarms: Sequence[Alarm]) -> str:
    """Returns how many alarms of each severity there are, most severe first; "" where there are none.

    Example:
        >>> count_by_severity([Alarm("a", "note", ""), Alarm("b", "danger", ""), Alarm("c", "note", "")])
        '1 danger, 2 notes'
    """
    severities = [alarm.severity for alarm in alarms]
    return ", ".join(write_count(severities.count(name), name) for name in SIGNS if name in severities)
