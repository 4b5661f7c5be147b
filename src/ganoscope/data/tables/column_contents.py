"""What the columns of a table hold, by their first rows: names of files or folders, codes of findings, classes."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from ganoscope.data.tables.name_matching import Way, list_beginnings, list_parents, make_key
from ganoscope.data.tables.person_columns import WITHIN_PERSON
from ganoscope.data.tables.source_names import KEYWORDS, SourceNames, match_ids
from ganoscope.data.tables.text_table import Table, normalise, parse_number, read_rows
from ganoscope.data.tables.usual_names import ALIASES, KNOWN, PERSONAL, fold, list_folded

LOOKED_AT = 300
"""Number of rows that are looked at."""
FITTING_SHARE = 0.5
"""Share of the names in a column that must be those of files, so that it lists them."""
MOST_CLASSES = 20
CODES = frozenset({"1", "0", "-1", "1.0", "0.0", "-1.0", ""})
LABELS, PATIENTS = list_folded(ALIASES["label"]), list_folded(ALIASES["patient"])
NO_CLASSES = (KNOWN - LABELS) | PERSONAL | list_folded(WITHIN_PERSON)
FILES, FOLDERS, BEGINNINGS = "files", "folders", "beginnings of names of files or folders"


@dataclass(frozen=True)
class Fit:
    """What a column names in a source.

    Attributes:
        count: Number of its first names that are found.
        what: `FILES`, `FOLDERS`, `BEGINNINGS`, or an attribute of DICOM headers.
    """

    count: int
    what: str

    def tell(self) -> str:
        """Returns what the column holds, for a message."""
        if self.what in KEYWORDS:
            return f"the {self.what} of DICOM headers"
        return f"{'' if self.what == BEGINNINGS else 'the names of '}{self.count} {self.what}"


def find_fits(table: Table, names: SourceNames) -> dict[str, Fit]:
    """Returns the columns that name files or folders of the source, or hold ids of its DICOM headers, best first.

    Folders, and beginnings of names, count only where no name repeats: other columns may hold patients or classes.

    Args:
        table: Table.
        names: Names in the source.
    """
    fits = {**find_headers(table, names), **find_named(table, names.files)}
    order = (FILES, FOLDERS, BEGINNINGS, *KEYWORDS)
    return dict(
        sorted(fits.items(), key=lambda item: (order.index(item[1].what), fold(item[0]) in PATIENTS, -item[1].count))
    )


def find_headers(table: Table, names: SourceNames) -> dict[str, Fit]:
    """Returns the columns that hold ids of DICOM headers."""
    fits: dict[str, Fit] = {}
    present = {keyword: ids for keyword, ids in names.ids.items() if ids} if table.columns else {}
    values: dict[str, set[str]] = {key: set() for key in table.keys}
    for row in read_rows(table) if present else ():
        for key, text in row.items():
            values[key].add(make_key(text))
    for keyword, ids in present.items():
        for key in table.keys:
            count = len(match_ids(values[key] - {"."}, ids))
            fits |= {key: Fit(count, keyword)} if count >= max(1, FITTING_SHARE * len(ids)) else {}
    return fits


def find_named(table: Table, files: Collection[str]) -> dict[str, Fit]:
    """Returns the columns that name files or folders, or hold the beginnings of their names.

    Args:
        table: Table.
        files: Paths of the files of the source.
    """
    whole, loose = Way(parts=1, fold=True, bare=True), Way(parts=1, fold=True, letter=True)
    columns = read_columns(table)
    stems = {whole.reduce(file) for file in files}
    folders = {loose.reduce(up) for file in files for up in list_parents(file)}
    fits: dict[str, Fit] = {}
    for key, texts in columns.items():
        names = {whole.reduce(make_key(text)) for text in texts if text}
        found = fit(names, stems, FILES)
        if not found and 1 < len(names) == sum(map(bool, texts)):
            found = fit({loose.reduce(name) for name in names}, folders, FOLDERS) or fit_beginnings(
                names, stems, folders
            )
        fits |= {key: found} if found else {}
    return fits


def fit(names: Collection[str], present: Collection[str], what: str) -> Fit | None:
    """Returns how many names are present, if these are enough.

    Args:
        names: First names in a column.
        present: Names in the source.
        what: What the source's names are.
    """
    count = len(set(names) & set(present))
    return Fit(count, what) if count and count >= FITTING_SHARE * min(len(names), len(present)) else None


def fit_beginnings(names: Collection[str], stems: Collection[str], folders: Collection[str]) -> Fit | None:
    """Returns how many names begin those of files, or begin with one of a file or folder, if these are enough.

    Args:
        names: First names in a column.
        stems: Names of files without endings.
        folders: Names of folders.
    """
    begun = {start for stem in stems for start in list_beginnings(stem) if start in names}
    begun |= {name for name in names if any(start in stems or start in folders for start in list_beginnings(name))}
    return fit(names, begun, BEGINNINGS) if len(begun) >= FITTING_SHARE * min(len(names), len(stems)) else None


def read_columns(table: Table) -> dict[str, list[str]]:
    """Returns the first values of every column by key."""
    rows = list(islice(read_rows(table), LOOKED_AT))
    return {key: [row[key] for row in rows] for key in table.keys}


def name_columns(table: Table, keys: Collection[str]) -> list[str]:
    """Returns names of columns as the header writes them, by keys."""
    return [column for column in table.columns if normalise(column) in keys]


def find_codes(table: Table) -> dict[str, set[str]]:
    """Returns the columns whose first rows hold nothing but 1, 0, -1 and empty fields, with what they hold."""
    kinds = {key: set(texts) for key, texts in read_columns(table).items()}
    found = {key: kind for key, kind in kinds.items() if kind <= CODES and kind & {"1", "1.0"}}
    return {name_columns(table, [key])[0]: kind for key, kind in found.items()}


def find_one_hot(table: Table) -> tuple[str, ...]:
    """Returns the columns of which each of the first rows has a 1 in exactly one, and 0 in the others; () if none."""
    columns = read_columns(table)
    codes = [key for key, texts in columns.items() if texts and set(texts) <= CODES - {"-1", "-1.0", ""}]
    single = all(sum(map(float, row)) == 1.0 for row in zip(*(columns[key] for key in codes), strict=True))
    return tuple(name_columns(table, codes)) if single and len(codes) > 1 else ()


def find_classes(table: Table) -> dict[str, Sequence[str]]:
    """Returns the columns that may hold classes, with their values; words before numbers, few values before many.

    A few values repeat in them, and their names say nothing else.
    """
    counts = {
        key: Counter(filter(None, texts)) for key, texts in read_columns(table).items() if fold(key) not in NO_CLASSES
    }
    chosen = {key: count for key, count in counts.items() if not set(count) <= CODES and may_be_classes(count)}
    numbers = {key: all(parse_number(value, table) is not None for value in count) for key, count in chosen.items()}
    keys = sorted(chosen, key=lambda key: (numbers[key], len(chosen[key])))
    return {name_columns(table, [key])[0]: [value for value, _ in chosen[key].most_common()] for key in keys}


def may_be_classes(count: Mapping[str, int]) -> bool:
    """Tells whether values may be classes, by how often each occurs.

    Example:
        >>> may_be_classes({"AD": 3, "CN": 4}), may_be_classes({"I1": 1, "I2": 1})
        (True, False)
    """
    repeated = sum(number > 1 for number in count.values())
    return repeated > 1 and len(count) <= MOST_CLASSES and sum(count.values()) >= 2 * len(count)


def list_further(table: Table) -> Iterator[str]:
    """Yields the columns whose names do not say that they hold something else than classes."""
    yield from (key for key in table.keys if key and fold(key) not in NO_CLASSES)
