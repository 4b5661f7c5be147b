"""Alarms: what a reader must know before trusting a number; kept in an artefact's `alarms.json`."""

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, Literal, TypeVar

from rich.console import Console
from rich.text import Text

from ganoscope.files import load_json, save_json
from ganoscope.files.records import fit
from ganoscope.progress import CONSOLE
from ganoscope.registry import load_all

Severity = Literal["danger", "warning", "note"]
"""`danger`: results built on this are wrong. `warning`: they may mislead. `note`: good to know."""


@dataclass(frozen=True)
class Alarm:
    """One alarm.

    Attributes:
        code: Stable short name, such as `collapsed_diversity`.
        severity: How serious it is.
        message: One or two plain sentences: what was seen, and what to do about it.
        evidence: The numbers behind the sentence.
    """

    code: str
    severity: Severity
    message: str
    evidence: dict[str, Any] = field(default_factory=dict)


Evidence = TypeVar("Evidence")


FORMER_CODES = {"single_class_part": "single_class_split"}
"""Codes of alarms in artefacts of earlier versions, by the code that they have now."""
ALARMS = "alarms.json"
"""File with the alarms of an artefact, in its folder."""
STYLE_OF_SEVERITY = {"danger": "bold red", "warning": "yellow", "note": "cyan"}
LAST = 1000
"""Rank of checks that name none."""


@dataclass(frozen=True)
class Check(Generic[Evidence]):
    """One check: the place that raises an alarm also describes it, and reports list what was looked for from there.

    Attributes:
        codes: Codes of the alarms that it can raise; `*` stands for any characters.
        looks_for: What it looks for, as a noun phrase that completes "Looked for:", such as `empty heat maps`.
        find: Function from the evidence to the alarms; it returns none where nothing is wrong.
        limit: When an alarm is raised, in words, such as `above 50% of the maps`; "" where any case counts.
        rank: Position among the checks of its room, lowest first; checks without a rank come last.
        titles: For a check of several codes: what was found, as a noun phrase, by the order of the codes.
    """

    codes: tuple[str, ...]
    looks_for: str
    find: Callable[[Evidence], Iterable[Alarm]]
    limit: str = ""
    rank: int = LAST
    titles: tuple[str, ...] = ()

    def raises(self, code: str) -> bool:
        """Tells whether an alarm with that code comes from this check."""
        return any(fnmatchcase(code, pattern) for pattern in self.codes)

    def find_title(self, code: str) -> str:
        """Returns what an alarm with a code of this check has found, as a title.

        Example:
            >>> Check(("empty", "blank"), "maps", lambda _: [], titles=("empty maps", "blank maps")).find_title("blank")
            'Blank maps'
        """
        titles = self.titles or (self.looks_for,) * len(self.codes)
        title = next(title for title, pattern in zip(titles, self.codes, strict=True) if fnmatchcase(code, pattern))
        return title[:1].upper() + title[1:]

    @property
    def description(self) -> str:
        """What it looks for, with its limit.

        Example:
            >>> Check(("empty_maps",), "empty heat maps", lambda _: [], "above 10% of the maps").description
            'empty heat maps (above 10% of the maps)'
        """
        return f"{self.looks_for} ({self.limit})" if self.limit else self.looks_for


def collect_checks(package: ModuleType) -> tuple[Check[Any], ...]:
    """Returns the checks of a room by rank: `CHECK` or `CHECKS` of every module in the package.

    A new file adds its checks; modules without either, which compute what checks look at, are skipped.
    """
    modules = load_all(package, ()).values()
    found = [
        check
        for module in modules
        for check in (*getattr(module, "CHECKS", ()), *([module.CHECK] if hasattr(module, "CHECK") else ()))
    ]
    return tuple(sorted(found, key=lambda check: check.rank))


def run_checks(checks: Iterable[Check[Evidence]], evidence: Evidence) -> list[Alarm]:
    """Returns the alarms of all checks, in the order of the checks.

    Args:
        checks: The checks to run.
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


def print_alarms(path: Path, console: Console = CONSOLE) -> None:
    """Prints the alarms in a file, most severe first, or that there are none."""
    alarms = sort_alarms(load_alarms(path))
    if not alarms:
        console.print("no alarms")
    for alarm in alarms:
        console.print(Text(f"{alarm.severity}: ", STYLE_OF_SEVERITY[alarm.severity]) + Text(alarm.message))


def announce(verb: Callable[..., Any], folder: str) -> Callable[..., Any]:
    """Returns a verb that prints the alarms of its result as well, for calls from Python.

    Args:
        verb: Function that writes an artefact with alarms, or a context manager that yields a store.
        folder: Name of the argument that is the artefact's folder; "" for a context manager.
    """
    signature = inspect.signature(verb)

    @functools.wraps(verb)
    def call(*args: Any, **kwargs: Any) -> Any:
        result = verb(*args, **kwargs)
        if not folder:
            return announce_on_entry(result)
        print_alarms(Path(signature.bind(*args, **kwargs).arguments[folder]) / ALARMS)
        return result

    return call


@contextmanager
def announce_on_entry(opened: AbstractContextManager[Any]) -> Iterator[Any]:
    """Yields the store that a context manager yields, after printing its alarms."""
    with opened as store:
        print_alarms(store.path / ALARMS)
        yield store


def save_alarms(path: Path, alarms: Sequence[Alarm]) -> None:
    """Writes the alarms to a JSON file, most severe first."""
    save_json(path, [asdict(alarm) for alarm in sort_alarms(alarms)])


def load_alarms(path: Path) -> list[Alarm]:
    """Returns the alarms in a JSON file; an empty list where the file does not exist.

    Codes of earlier versions are returned as those of this one.

    Raises:
        UserError: The file is damaged.
    """
    alarms = fit(path, list[Alarm], load_json(path)) if path.exists() else []
    return [replace(alarm, code=FORMER_CODES.get(alarm.code, alarm.code)) for alarm in alarms]


def sort_alarms(alarms: Sequence[Alarm]) -> list[Alarm]:
    """Returns the alarms, most severe first, otherwise in the order given."""
    order = ("danger", "warning", "note")
    return sorted(alarms, key=lambda alarm: order.index(alarm.severity))
