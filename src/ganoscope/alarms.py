"""Alarms: what a reader must know before believing a number; kept in an artefact's `alarms.json`."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Generic, Literal, TypeVar

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


Evidence = TypeVar("Evidence")


@dataclass(frozen=True)
class Check(Generic[Evidence]):
    """Something that is looked for: the place that raises an alarm also describes it.

    Attributes:
        codes: Codes of the alarms that it can raise; `*` stands for any words.
        looks_for: What it looks for, as a noun phrase that completes "Looked for:", such as `empty heat maps`.
        find: From evidence to alarms; none where nothing is wrong.
        limit: From where on an alarm is raised, in words, such as `above 50 % of the maps`; "" where any case counts.
    """

    codes: tuple[str, ...]
    looks_for: str
    find: Callable[[Evidence], Iterable[Alarm]]
    limit: str = ""

    def raises(self, code: str) -> bool:
        """Tells whether an alarm of that code comes from this check."""
        return any(fnmatchcase(code, pattern) for pattern in self.codes)


def run_checks(checks: Iterable[Check[Evidence]], evidence: Evidence) -> list[Alarm]:
    """Returns the alarms of all checks, in their order.

    Args:
        checks: What to look for.
        evidence: What they look at.

    Raises:
        ValueError: A check raised an alarm with a code that it does not declare: reports would not list it.
    """
    found = []
    for check in checks:
        for alarm in check.find(evidence):
            if not check.raises(alarm.code):
                raise ValueError(f"check for {check.looks_for} does not declare the alarm {alarm.code}")
            found.append(alarm)
    return found


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
