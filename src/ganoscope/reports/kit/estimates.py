"""Tables of estimates, found anywhere in a JSON artefact by their keys: value, low, high, n."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ganoscope.reports.kit.content import Table, write_number

SETS, ALL = "sets", "value"
"""Name below which results are listed by set of images; column of those that are about no single set."""
FRAMES = ("findings", "targets", SETS, "value")
"""Names in the results that only group others; the table's rows omit them."""
NO_VALUE = "–"
MAX_ROWS = 80
CURVE_POINTS = 4
"""This many estimates side by side, or more, are a curve, which figures show better."""
VALUE_KEYS = ("value", "mean")
COUNT_KEYS = ("n", "images", "pairs")


def tabulate_estimates(results: Any, title: str, source: str = "results.json") -> tuple[Table, ...]:
    """Returns the estimates in some results: those about all images together, and those about one set, side by side.

    Args:
        results: Content of a JSON file.
        title: Title of the tables.
        source: File with the estimates that don't fit into a table.
    """
    cells: dict[bool, dict[str, dict[str, str]]] = {True: {}, False: {}}
    for path, entry in find_estimates(results):
        name, column = name_estimate(path)
        cells[column == ALL].setdefault(name, {})[column] = write_estimate(entry)
    titles = {True: title, False: f"{title} by set of images"}
    return tuple(make_table(titles[about_all], rows, source) for about_all, rows in cells.items() if rows)


def make_table(title: str, cells: Mapping[str, Mapping[str, str]], source: str) -> Table:
    """Returns a table of estimates with a row per quantity and a column per set.

    Args:
        title: What the table shows.
        cells: By quantity and set: the estimate as text.
        source: File with the estimates that don't fit into the table.
    """
    columns = tuple(dict.fromkeys(column for row in cells.values() for column in row))
    rows = tuple((name, *(row.get(column, "") for column in columns)) for name, row in cells.items())
    rest = f" The first {MAX_ROWS} of {len(rows)}; the others are in {source}." if len(rows) > MAX_ROWS else ""
    caption = f"{title}: mean (95% interval), number of images; of every curve, its last point.{rest}"
    return Table(caption, ("Quantity", *map(str.capitalize, columns)), rows[:MAX_ROWS], long=True)


def name_estimate(path: tuple[str, ...]) -> tuple[str, str]:
    """Returns the name of an estimate, and the set of images that it is about.

    Example:
        >>> name_estimate(("findings", "targets", "why real", "sets", "generated", "regions", "inside"))
        ('why real · regions · inside', 'generated')
    """
    at = path.index(SETS) + 1 if SETS in path[:-1] else len(path)
    column = path[at] if at < len(path) else ALL
    return " · ".join(part for part in path[:at] + path[at + 1 :] if part not in FRAMES), column


def find_estimates(content: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Yields (names on the way to it, entry) of every estimate; of a curve of estimates, the last one alone.

    Args:
        content: Content of a JSON file, or a part of it.
        path: Names on the way to that part.
    """
    if isinstance(content, list):
        content = {str(position + 1): entry for position, entry in enumerate(content)}
    if not isinstance(content, dict):
        return
    if is_estimate(content):
        yield path, content
        return
    entries = list(content.items())
    if len(entries) >= CURVE_POINTS and all(is_estimate(entry) for _, entry in entries):
        entries = entries[-1:]
    for name, entry in entries:
        yield from find_estimates(entry, (*path, str(name).replace("_", " ")))


def is_estimate(entry: Any) -> bool:
    """Tells whether an entry has a value, a lower and an upper end: numbers, or none where they are not defined."""
    if not isinstance(entry, dict) or not {"low", "high"} <= entry.keys() or not find_key(entry, VALUE_KEYS):
        return False
    return all(isinstance(entry[key], int | float | None) for key in ("low", "high", find_key(entry, VALUE_KEYS)))


def write_estimate(entry: Mapping[str, Any]) -> str:
    r"""Returns value, interval and n of an estimate as text.

    Example:
        >>> write_estimate({"value": 0.4, "low": 0.35, "high": 0.45, "n": 64})
        '0.400 (0.350 to 0.450), n\xa064'
    """
    value, low, high = (write_decimal(entry[key]) for key in (find_key(entry, VALUE_KEYS), "low", "high"))
    count = find_key(entry, COUNT_KEYS)
    number = f"n\N{NO-BREAK SPACE}{write_number(entry[count])}" if count else "n not stated"
    return f"none, {number}" if value == NO_VALUE else f"{value} ({low} to {high}), {number}"


def find_key(entry: Mapping[str, Any], names: Sequence[str]) -> str:
    """Returns the first of some names that an entry has, or ""."""
    return next((name for name in names if name in entry), "")


def write_decimal(value: float | None) -> str:
    """Returns a number with three decimals; a dash where there is none."""
    return NO_VALUE if value is None or not math.isfinite(value) else f"{value:.3f}"
