"""CSV tables: written so that no spreadsheet runs a cell, and read back with every fault named by file and line.

A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@`, a tab or a line break for a formula. Such text gets an
apostrophe before it, which reading takes off again; numbers stay numbers.
"""

import csv
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from ganoscope.errors import UserError
from ganoscope.files import appending, open_new, replacing

RESTORE = "Restore it from a copy, or create it again."
FORMULA = re.compile("'*[=+\\-@\\t\\r\\n\uff1d\uff0b\uff0d\uff20]")
"""What a cell begins with that a spreadsheet would run; full-width signs are read as plain ones in some."""
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?(inf|nan)", re.IGNORECASE)
LONGEST_CELL = 1 << 20
"""Letters in a cell: more than any list of boxes has."""

csv.field_size_limit(LONGEST_CELL)


def show_cell(cell: object) -> str:
    """Returns the text of a cell; truth is `yes` or `no` in every table.

    Example:
        >>> show_cell(True), show_cell(1), show_cell("")
        ('yes', '1', '')
    """
    return ("yes" if cell else "no") if isinstance(cell, bool) else str(cell)


def guard(cell: object) -> object:
    """Returns a cell as it is written.

    Example:
        >>> [guard(cell) for cell in ("=1+1", "-5.5e3", "@a", "'=b", -3, "x-ray", "'90s", True)]
        ["'=1+1", '-5.5e3', "'@a", "''=b", -3, 'x-ray', "'90s", 'yes']
    """
    if isinstance(cell, bool):
        return show_cell(cell)
    risky = isinstance(cell, str) and FORMULA.match(cell) and not NUMBER.fullmatch(cell)
    return f"'{cell}" if risky else cell


def restore(cell: str) -> str:
    """Returns the text that `guard` wrote.

    Example:
        >>> [restore(cell) for cell in ("'=1+1", "-5.5e3", "''=b", "'90s")]
        ['=1+1', '-5.5e3', "'=b", "'90s"]
    """
    return cell[1:] if cell[:1] == "'" and FORMULA.match(cell) else cell


def make_writer(file: TextIO) -> Callable[[Sequence[object]], None]:
    """Returns the function that writes a row to an open file, cells guarded; one with a carriage return is quoted."""
    plain = csv.writer(file, lineterminator="\n")
    quoted = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)

    def write(cells: Sequence[object]) -> None:
        broken = any(isinstance(cell, str) and "\r" in cell for cell in cells)
        (quoted if broken else plain).writerow([guard(cell) for cell in cells])

    return write


def save_csv(path: Path, columns: Iterable[str], rows: Iterable[Mapping[str, object]], mode: int = 0o666) -> None:
    """Writes rows as UTF-8 CSV with a header, atomically and row by row.

    Args:
        path: File to write.
        columns: Column names, in order.
        rows: Values by column name; a missing value becomes an empty field.
        mode: Who may read and write the file, before the process's own mask.
    """
    with open_csv(path, columns, mode) as add:
        for row in rows:
            add(row)


@contextmanager
def open_csv(path: Path, columns: Iterable[str], mode: int = 0o666) -> Iterator[Callable[[Mapping[str, object]], None]]:
    """Yields the function that adds a row, values by column name; the table replaces `path` at the end.

    Args:
        path: File to write.
        columns: Column names, in order.
        mode: Who may read and write the file, before the process's own mask.
    """
    names = list(columns)
    with replacing(path) as partial, open_new(partial, mode) as file:
        write = make_writer(file)
        write(names)
        yield lambda row: write([row.get(name, "") for name in names])


def append_csv(path: Path, columns: Iterable[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Appends rows to a table, which gets its header where it is new, and waits until they are on disk.

    Args:
        path: File to write.
        columns: Column names, in order.
        rows: Values by column name; a missing value becomes an empty field.
    """
    names, fresh = list(columns), not path.exists() or not path.stat().st_size
    with appending(path) as file:
        write = make_writer(file)
        if fresh:
            write(names)
        for row in rows:
            write([row.get(name, "") for name in names])


def read_csv(
    path: Path, columns: Collection[str] = (), errors: str = "strict", unfinished: bool = False
) -> Iterator[dict[str, str]]:
    """Yields the rows of a CSV file written by ganoscope as dictionaries by column.

    Args:
        path: File to read.
        columns: Columns that it must have.
        errors: What to do with bytes that are not UTF-8, as for `open`.
        unfinished: Whether the last row may be incomplete, as a killed process leaves it; it is left out.

    Raises:
        UserError: The file is missing or damaged; the message names it and the line.
    """
    rows = read_rows(path, columns, errors, unfinished)
    names = next(rows, [])
    for row in rows:
        yield dict(zip(names, row, strict=True))


def read_rows(
    path: Path, columns: Collection[str] = (), errors: str = "strict", unfinished: bool = False
) -> Iterator[list[str]]:
    """Yields the header and then the rows of a CSV file written by ganoscope, each as long as the header.

    Args:
        path: File to read.
        columns: Columns that it must have.
        errors: What to do with bytes that are not UTF-8, as for `open`.
        unfinished: Whether the last row may be incomplete, as a killed process leaves it; it is left out.

    Raises:
        UserError: The file is missing or damaged; the message names it and the line.
    """
    try:
        with path.open(newline="", encoding="utf-8", errors=errors) as file:
            lines = (line for line in file if line.endswith("\n")) if unfinished else file
            yield from check_rows(path, csv.reader(lines, strict=True), columns)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        state = "is a folder" if path.is_dir() else "does not exist"
        raise UserError(f"{path} {state}; expected a table written by ganoscope.") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is damaged: byte {error.start} is not UTF-8. {RESTORE}") from None


def check_rows(path: Path, rows: Any, columns: Collection[str]) -> Iterator[list[str]]:
    """Yields the rows of a table after checking them.

    Args:
        path: The file, for messages.
        rows: Its rows.
        columns: Columns that it must have.

    Raises:
        UserError: A column is missing or there twice, or a row has more or fewer fields than the header.
    """
    try:
        names = [restore(name) for name in next(rows, [])]
        missing = [name for name in columns if name not in names]
        if missing or len(set(names)) < len(names):
            found = f"it has no column {', '.join(missing)}" if missing else "a column is there twice"
            raise UserError(f"{path} is damaged: {found}. {RESTORE}")
        yield names
        for row in rows:
            if len(row) != len(names):
                found = f"line {rows.line_num} has {len(row)} fields, not {len(names)}"
                raise UserError(f"{path} is damaged: {found}. {RESTORE}")
            yield [restore(cell) if cell[:1] == "'" else cell for cell in row]
    except csv.Error as error:
        raise UserError(f"{path} is damaged: line {rows.line_num}: {error}. {RESTORE}") from None
