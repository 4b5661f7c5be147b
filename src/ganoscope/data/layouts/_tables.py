"""Tables in text files: CSV of any usual separator and encoding, row by row, in constant memory.

Encoding and separator are found by rules, not by statistics: a byte-order mark or valid UTF-8 gives the encoding, the
header line gives the separator. What is no sound table is refused whole, with every fault that was found.
"""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ganoscope.errors import UserError, refuse

SEPARATORS = (",", ";", "\t", "|")
SHOWN_ROWS = 5
"""Bad rows that are named; the others are counted."""
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins in the same way
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Table:
    """A table whose header has been read.

    Attributes:
        path: The file.
        encoding: Python's name of its encoding.
        separator: Between two fields.
        columns: Names in the header, as they are written there.
        preamble: Lines before the header: 1 after Excel's `sep=;`.
    """

    path: Path
    encoding: str
    separator: str
    columns: tuple[str, ...]
    preamble: int = 0

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the columns as rows bear them; see `normalise`."""
        return tuple(normalise(column) for column in self.columns)


def open_table(path: Path) -> Table:
    """Returns a table with its header read.

    Raises:
        UserError: The file is empty or no text, or column names are empty or repeated.
    """
    encoding = find_encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        first = file.readline().rstrip("\r\n")
        stated = re.fullmatch(r"sep=(.)", first.lower())
        header = file.readline().rstrip("\r\n") if stated else first
    if "\0" in header or not header.strip():
        raise UserError(f"{path} is no table: its first line is {'binary' if header.strip() else 'empty'}.")
    separator = stated[1] if stated else find_separator(header)
    columns = tuple(name.strip() for name in next(csv.reader([header], delimiter=separator)))
    while len(columns) > 1 and not columns[-1]:  # a separator at the end of every line
        columns = columns[:-1]
    table = Table(path, encoding, separator, columns, int(bool(stated)))
    counts = Counter(table.keys)
    if repeated := [column for column in columns if counts[normalise(column)] > 1]:
        raise UserError(f"{path} has columns of one name: got {show(repeated)}; allowed: every name once. Rename them.")
    return table


def find_encoding(path: Path) -> str:
    """Returns the encoding of a text file: by its byte-order mark, else UTF-8, else Windows-1252, else Latin-1.

    Raises:
        UserError: The file is empty, or does not hold what its mark says.
    """
    with path.open("rb") as file:
        head = file.read(4)
    if not head.strip():
        raise UserError(f"{path} is empty; expected a table with a header line.")
    marked = [encoding for mark, encoding in MARKS if head.startswith(mark)][:1]
    for encoding in marked or ("utf-8", "cp1252", "latin-1"):
        if can_decode(path, encoding):
            return encoding
    raise UserError(f"{path} is damaged: its byte-order mark says {marked[0]}, its content is none. Save it as UTF-8.")


def can_decode(path: Path, encoding: str) -> bool:
    """Tells whether a whole file is valid in an encoding."""
    try:
        with path.open(encoding=encoding, newline="") as file:
            while file.read(1 << 20):
                pass
    except UnicodeError:
        return False
    return True


def find_separator(header: str) -> str:
    """Returns the separator that occurs most often in a header line, outside quotes; `,` where none does.

    Example:
        >>> find_separator('path;"label, as read";patient')
        ';'
    """
    return max(SEPARATORS, key=re.sub(r'"[^"]*"', "", header).count)


def normalise(column: str) -> str:
    """Returns a column's name in lower case, with `_` for spaces and hyphens.

    Example:
        >>> normalise(" Patient-ID ")
        'patient_id'
    """
    return re.sub(r"[\s-]+", "_", column.strip().lower())


def require_columns(table: Table, needed: Sequence[str], purpose: str = "") -> None:
    """Refuses a table that lacks columns; capitals, spaces and hyphens in their names do not matter.

    Raises:
        UserError: Columns are missing; the message names those, those found and those needed.
    """
    missing = [name for name in needed if normalise(name) not in table.keys]
    if missing:
        raise UserError(
            f"{table.path} lacks columns{purpose}: {show(missing)}. Found: {show(table.columns)} (separator "
            f"{table.separator!r}, encoding {table.encoding}). Needed: {show(needed)}. Rename or add them."
        )


def show(names: Sequence[str]) -> str:
    """Returns column names for a message."""
    return ", ".join(repr(name) for name in names)


def read_rows(table: Table) -> Iterator[dict[str, str]]:
    """Yields the rows as dictionaries from normalised column names to values without outer spaces.

    Empty lines are skipped, and so are empty fields beyond the last column.

    Raises:
        UserError: Rows have too many or too few fields (told after the last row, all at once), or quotes are damaged.
    """
    keys, bad = table.keys, []
    with table.path.open(encoding=table.encoding, newline="") as file:
        for _ in range(table.preamble):
            file.readline()
        reader = csv.reader(file, delimiter=table.separator, strict=True)
        try:
            next(reader)
            for fields in reader:
                values = [field.strip() for field in fields]
                if not any(values):
                    continue
                if len(values) < len(keys) or any(values[len(keys) :]):
                    bad.append((reader.line_num + table.preamble, len(values)))
                    continue
                yield dict(zip(keys, values, strict=False))
        except csv.Error as error:
            raise UserError(f"{table.path} is damaged at line {reader.line_num + table.preamble}: {error}.") from None
    refuse_ragged(table, bad)


def refuse_ragged(table: Table, bad: Sequence[tuple[int, int]]) -> None:
    """Refuses rows, given as line and number of fields, that do not fit their header.

    Raises:
        UserError: There is at least one.
    """
    lines = "; ".join(f"line {line} has {fields}" for line, fields in bad[:SHOWN_ROWS])
    more = f"; and {len(bad) - SHOWN_ROWS} more" if len(bad) > SHOWN_ROWS else ""
    fault = f"{table.path}: {len(bad)} row(s) do not fit the header of {len(table.columns)} columns: {lines}{more}."
    refuse([f"{fault} Put fields that hold {table.separator!r} into double quotes."] if bad else [])


def parse_number(text: str, table: Table) -> float | None:
    """Returns a finite number, such as `264.0`; also `264,0` where the separator is no comma; None of anything else."""
    if table.separator != ",":
        text = text.replace(",", ".")
    try:
        number = float(text.replace("_", "?"))  # Python reads 1_0 as ten; a table does not mean that
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None
