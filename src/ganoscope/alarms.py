"""Alarms: what a reader must know before believing a number; kept in an artefact's `alarms.json`."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from ganoscope.files import load_json, save_json

Severity = Literal["danger", "warning", "note"]
"""`danger`: results built on this are wrong. `warning`: they may mislead. `note`: good to know."""


@dataclass(frozen=True)
class Alarm:
    """One alarm.

    Attributes:
        code: Stable short name, such as `collapsed_diversity`.
        severity: How much it matters.
        message: One or two plain sentences: what was seen, and what to do about it.
        evidence: The numbers behind the sentence.
    """

    code: str
    severity: Severity
    message: str
    evidence: dict[str, float | int | str | list[str]] = field(default_factory=dict)


def save_alarms(path: Path, alarms: Sequence[Alarm]) -> None:
    """Writes the alarms to a JSON file, gravest first."""
    save_json(path, [asdict(alarm) for alarm in sort_alarms(alarms)])


def load_alarms(path: Path) -> list[Alarm]:
    """Returns the alarms in a JSON file; none where the file does not exist.

    Raises:
        UserError: The file is damaged.
    """
    return [Alarm(**entry) for entry in load_json(path)] if path.exists() else []


def sort_alarms(alarms: Sequence[Alarm]) -> list[Alarm]:
    """Returns the alarms, gravest first, otherwise in the order given."""
    order = ("danger", "warning", "note")
    return sorted(alarms, key=lambda alarm: order.index(alarm.severity))
