"""Reads tables in text files: CSV with any common separator and encoding, plain or in gzip, row by row.

Memory is constant, and a file that unpacks to far more than its size is refused. A first line with the name of a
picture or with numbers is data: the columns of such a table are called `column1`, `column2` and so on.

Encoding and separator are determined by rules, not by statistics: a byte-order mark or valid UTF-8 determines the
encoding, the header line determines the separator. An invalid table is refused as a whole, with all faults.

"""

import codecs
import csv
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, cast

from ganoscope.data.readers import drop_ending
from ganoscope.data.tables.usual_names import KNOWN, fold
from ganoscope.errors import UserError, refuse, write_count

SEPARATORS = (",", ";", "\t", "|")
MOST_UNPACKED = 1 << 30
"""Largest size of a compressed table in characters, unpacked."""
TEXTS = (".txt", ".txt.gz")
LONGEST_LINE = 1 << 24
"""Length from which a line is none of a table."""
SHOWN_ROWS = 5
"""Number of invalid rows that are listed; the others are counted."""
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark begins in the same way
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Table:
    """A table whose header has been read.

    Attributes:
        path: File.
        encoding: Python name of the encoding.
        separator: Field separator.
        columns: Column names as written in the header.
        preamble: Number of lines before the header: 1 after `sep=;` as written by Excel.
        first: First line, where it is no header but data; () otherwise.
    """

    path: Path
    encoding: str
    separator: str
    columns: tuple[str, ...]
    preamble: int = 0
    first: tuple[str, ...] = ()

    @property
    def headless(self) -> bool:
        """Whether the table has no header line."""
        return bool(self.first)

    @property
    def keys(self) -> tuple[str, ...]:
        """Normalised column names, which are the keys of rows; see `normalise`."""
        return tuple(normalise(column) for column in self.columns)


def open_table(path: Path) -> Table:
    """Returns a table with its header read.

    Raises:
        UserError: The file is empty or binary, or column names are repeated.
    """
    encoding = find_encoding(path)
    with open_text(path, encoding) as file:
        first = file.readline().rstrip("\r\n")
        stated = re.fullmatch(r"sep=(.)", first.lower())
        header = file.readline().rstrip("\r\n") if stated else first
    if "\0" in header or not header.strip():
        raise UserError(f"{path} is not a table: its first line is {'binary' if header.strip() else 'empty'}.")
    separator = stated[1] if stated else find_separator(header, path.name.lower().endswith(TEXTS))
    columns = split_line(header, separator)
    if looks_headless(columns):
        names = tuple(f"column{number}" for number in range(1, len(columns) + 1))
        return Table(path, encoding, separator, names, int(bool(stated)), columns)
    table = Table(path, encoding, separator, columns, int(bool(stated)))
    counts = Counter(table.keys)
    if repeated := [column for column in columns if counts[normalise(column)] > 1]:
        raise UserError(f"{path} repeats column names: got {show(repeated)}; allowed: every name once. Rename them.")
    return table


def open_text(path: Path, encoding: str) -> TextIO:
    """Returns a text file, plain or compressed, opened for reading."""
    if path.suffix.lower() == ".gz":
        return cast(TextIO, gzip.open(path, "rt", encoding=encoding, newline=""))
    return path.open(encoding=encoding, newline="")


def split_line(line: str, separator: str) -> tuple[str, ...]:
    """Returns the fields of a line without those that are empty at its end.

    Example:
        >>> split_line('a, "b, c",,', ",")
        ('a', 'b, c')
    """
    rows = csv.reader([line], delimiter=separator, skipinitialspace=True)
    fields = tuple(field.strip() for field in next(rows))
    while len(fields) > 1 and not fields[-1]:  # trailing separator
        fields = fields[:-1]
    return fields


def looks_headless(fields: Sequence[str]) -> bool:
    """Tells whether a first line is data: it holds the path of a picture or a folder, or a number and no usual name.

    Example:
        >>> looks_headless(["p1", "film.png", "normal"]), looks_headless(["image", "0", "1"])
        (True, False)
    """
    if any(field.endswith("/") or drop_ending(field) != field for field in fields):
        return True
    numbers = any(field.replace(".", "", 1).lstrip("-").isdigit() for field in fields)
    return numbers and not any(fold(field) in KNOWN for field in fields)


def find_encoding(path: Path) -> str:
    """Returns the encoding of a text file: that of its byte-order mark, else UTF-8, Windows-1252 or Latin-1.

    Raises:
        UserError: The file is empty, damaged or too large, or its content does not match its byte-order mark.
    """
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
            head = file.read(4)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UserError(f"{path} is damaged: {error}. Fetch it again.") from None
    if not head.strip():
        raise UserError(f"{path} is empty; expected a table with a header line.")
    marked = [encoding for mark, encoding in MARKS if head.startswith(mark)][:1]
    for encoding in marked or ("utf-8", "cp1252", "latin-1"):
        if can_decode(path, encoding):
            return encoding
    raise UserError(f"{path} is damaged: its byte-order mark says {marked[0]}, its content differs. Save it as UTF-8.")


def can_decode(path: Path, encoding: str) -> bool:
    """Tells whether a file is valid in an encoding.

    Raises:
        UserError: It is damaged, or unpacks to more than a table may hold.
    """
    size, line = 0, 0
    try:
        with open_text(path, encoding) as file:
            while text := file.read(1 << 20):
                size += len(text)
                line = len(text) - text.rfind("\n") if "\n" in text else line + len(text)
                if line > LONGEST_LINE or (path.suffix.lower() == ".gz" and size > MOST_UNPACKED):
                    raise UserError(f"{path} is not a table: it has {size:,} characters or more in too few lines.")
    except UnicodeError:
        return False
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UserError(f"{path} is damaged: {error}. Fetch it again.") from None
    return True


def find_separator(header: str, spaced: bool = False) -> str:
    """Returns the most frequent separator outside quotes in a header line; `,` if there is none.

    Args:
        header: Header line.
        spaced: Whether spaces separate fields where nothing else does.

    Example:
        >>> find_separator('path;"label, as read";patient'), find_separator("p1 film.png normal", spaced=True)
        (';', ' ')
    """
    plain = re.sub(r'"[^"]*"', "", header).strip()
    best = max(SEPARATORS, key=plain.count)
    return " " if spaced and " " in plain and best not in plain else best


def normalise(column: str) -> str:
    """Returns a column name in lower case, with `_` for spaces and hyphens.

    Example:
        >>> normalise(" Patient-ID ")
        'patient_id'
    """
    return re.sub(r"[\s-]+", "_", column.strip().lower())


def require_columns(table: Table, needed: Sequence[str], purpose: str = "") -> None:
    """Refuses a table that lacks columns; case, spaces and hyphens in names do not matter.

    Args:
        table: Table.
        needed: Names of the required columns.
        purpose: Purpose of the columns, for the message.

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
    """Returns column names formatted for a message."""
    return ", ".join(repr(name) for name in names)


def read_rows(table: Table) -> Iterator[dict[str, str]]:
    """Yields the rows as dictionaries from normalised column names to values without outer spaces.

    Empty lines are skipped, and so are empty fields beyond the last column.

    Raises:
        UserError: Rows have too many or too few fields (reported together after the last row), or quotes are damaged.
    """
    keys, bad = table.keys, []
    with open_text(table.path, table.encoding) as file:
        for _ in range(table.preamble):
            file.readline()
        spaced = table.separator == " "
        reader = csv.reader(file, delimiter=table.separator, strict=True, skipinitialspace=spaced)
        try:
            if not table.headless:
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
    """Refuses rows, given as line and number of fields, that do not match the header.

    Raises:
        UserError: There is at least one such row.
    """
    lines = "; ".join(f"line {line} has {fields}" for line, fields in bad[:SHOWN_ROWS])
    more = f"; and {len(bad) - SHOWN_ROWS} more" if len(bad) > SHOWN_ROWS else ""
    rows = write_count(len(bad), "row does", "rows do")
    fault = f"{table.path}: {rows} not match the header of {len(table.columns)} columns: {lines}{more}."
    refuse([f"{fault} Put fields that hold {table.separator!r} into double quotes."] if bad else [])


def parse_number(text: str, table: Table) -> float | None:
    """Returns a finite number such as `264.0`, or `264,0` if the separator is not a comma; None for anything else."""
    if table.separator != ",":
        text = text.replace(",", ".")
    try:
        number = float(text.replace("_", "?"))  # Python reads 1_0 as ten
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None
