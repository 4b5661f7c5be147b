"""What stands beside the verdict and decides nothing, as far as the study has measured it."""

from collections.abc import Iterator
from typing import Any

from ganoscope.reports.kit.content import Chapter, Section, Table, write_number
from ganoscope.reports.study.artefacts import Findings


def show(findings: Findings) -> Chapter | None:
    """Returns the further measurements of the verdict's file; None where there are none."""
    rows = tuple((name, write_number(value)) for name, value in flatten(findings.judgement.extra))
    if not rows:
        return None
    table = Table("Further measurements, which decide nothing", ("Quantity", "Value"), rows)
    return Chapter("beside", "Beside the verdict", (Section(tables=(table,)),))


def flatten(content: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yields (name, value) of every value in JSON objects and lists of objects.

    Example:
        >>> list(flatten({"worth": {"low": 1, "high": 2}, "sizes": [1, 2]}))
        [('worth, low', 1), ('worth, high', 2), ('sizes', [1, 2])]
    """
    if isinstance(content, dict):
        for key, value in content.items():
            yield from flatten(value, f"{name}, {key}".strip(", ").replace("_", " "))
    elif isinstance(content, list) and content and isinstance(content[0], dict):
        for number, value in enumerate(content, 1):
            yield from flatten(value, f"{name} {number}")
    else:
        yield name, content
