"""The training patients of another tool, as a file declares them: who of the study's images it has seen.

The file is text, or CSV with a column `sample_id`, `patient` or `group`: one name a row, as in the manifest of the
study's store. Without such a header, all names are of one of the three.
"""

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.store import Store
from ganoscope.data.store.sample import MANIFEST
from ganoscope.errors import UserError, describe, write_count
from ganoscope.studies.config import StudyConfig

COLUMNS = ("sample_id", "patient", "group")
OPTION = "--synthetic-patients"
HEADER = "Name the column of the manifest in the first row."


def find_seen(config: StudyConfig, store: Store) -> NDArray[np.bool_]:
    """Returns which images of the study's store the tool of --synthetic was trained on, as declared, shape (N,).

    Args:
        config: All options; --synthetic-patients names a file.
        store: Store of the study.

    Raises:
        UserError: The file can't be read, names nobody, or names what the store does not have, or has in two senses.
    """
    path = Path(config.synthetic_patients)
    names, columns = read_names(path)
    values = {column: store.column(column) for column in columns}
    known = {column: set(cells.tolist()) for column, cells in values.items()}
    unknown = {column: [name for name in names if name not in known[column]] for column in columns}
    fits = [np.isin(values[column], list(names)) for column in columns if not unknown[column]]
    if not fits:
        column = min(columns, key=lambda name: len(unknown[name]))
        first = names[unknown[column][0]]
        given = f"{write_count(len(unknown[column]), 'name')} of {len(names):,}, the first in line {first}"
        allowed = f"names in column {column} of {store.path / MANIFEST}"
        fault, remedy = "names what the store of the study does not have", f"Correct them, or say {OPTION} unknown."
        raise UserError(describe(f"{OPTION} {path} {fault}", given, allowed, remedy))
    groups = store.column("group")
    if len({frozenset(groups[one].tolist()) for one in fits}) > 1:
        fault, given = "has names that mean other images in each column of the manifest", "no header"
        raise UserError(describe(f"{OPTION} {path} {fault}", given, ", ".join(columns), HEADER))
    return fits[0]


def read_names(path: Path) -> tuple[dict[str, int], tuple[str, ...]]:
    """Returns (the line of every name in a file, the columns of the manifest that they may be in).

    Raises:
        UserError: It can't be read as text, has several columns and none that is known, or no name.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{OPTION} {path} can't be read: {error}. Give a text or CSV file in UTF-8.") from None
    rows = [(line, row) for line, row in rows if any(row)]
    header = rows[0][1] if rows else []
    column = next((name for name in COLUMNS if name in header), "")
    widest = max((len(row) for _, row in rows), default=0)
    if widest > 1 and not column:
        fault, given = "has no column that is known", ", ".join(header)
        raise UserError(describe(f"{OPTION} {path} {fault}", given, ", ".join(COLUMNS), HEADER))
    place = header.index(column) if column else 0
    names = {row[place]: line for line, row in reversed(rows[bool(column) :]) if len(row) > place and row[place]}
    if not names:
        raise UserError(describe(f"{OPTION} {path} names nobody", "no name", "one a row", "Or say none, or unknown."))
    return dict(reversed(names.items())), (column,) if column else COLUMNS
