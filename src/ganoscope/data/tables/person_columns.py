"""Columns of ids of lesions, studies or persons: their images stay together though no column is named for patients."""

import re
from collections.abc import Collection, Iterator, Mapping

from ganoscope.data.tables.text_table import Table, normalise, read_rows

WITHIN_PERSON = (
    *("lesion_id", "lesion", "eye_id", "nodule_id", "tumor_id", "tumour_id"),
    *("study_instance_uid", "studyinstanceuid", "study_id", "studyid", "study", "exam_id", "accession_number"),
)
"""Columns whose values belong to one person each, who may have several; used where no column names the patients."""
PERSON = re.compile(
    "(.*_)?(patient|subject|person|participant|case|individual|donor|animal|lesion|study|exam|eye|nodule|specimen)s?"
    "(_?(id|uid|no|nr|num|number|key|code|index|name))?"
)
"""Names of columns that may hold such ids."""


def find_person_columns(table: Table, used: Collection[str]) -> dict[str, bool]:
    """Returns the unused columns that hold ids of persons or what belongs to one, those that may be used first.

    Their values repeat over rows, and there are more than two of them.

    Args:
        table: Table.
        used: Keys of the columns that are used for something else.

    Returns:
        By key: whether the column is one of `WITHIN_PERSON`.
    """
    named = [key for key in table.keys if key not in used and (PERSON.fullmatch(key) or key in WITHIN_PERSON)]
    ordered = [*(key for key in WITHIN_PERSON if key in named), *(key for key in named if key not in WITHIN_PERSON)]
    values: dict[str, set[str]] = {key: set() for key in ordered}
    counts = dict.fromkeys(ordered, 0)
    for row in read_rows(table) if ordered else ():
        for key in ordered:
            if row[key]:
                values[key].add(row[key])
                counts[key] += 1
    return {key: key in WITHIN_PERSON for key in ordered if 2 < len(values[key]) < counts[key]}


def tell_persons(table: Table, columns: Mapping[str, str], stated: bool) -> Iterator[str]:
    """Yields what a reader must know of ids that stand in for patients, or that are not used.

    Args:
        table: Table.
        columns: Names of the columns in use, by our names.
        stated: Whether the user stated the column of patients.
    """
    patient = columns.get("patient", "")
    if patient and not stated and normalise(patient) in WITHIN_PERSON:
        yield (
            f"images with one {patient!r} stay in one split; a person may have several, and be in two splits. If "
            "another column holds the patients, give --patient-column"
        )
    if not patient:
        for key in find_person_columns(table, list(map(normalise, columns.values()))):
            name = dict(zip(table.keys, table.columns, strict=True))[key]
            option = f'"{name}"' if " " in name else name
            yield (
                f"warning: the values of {name!r} repeat as those of patients do, and are not used: images of one "
                f"person may be in two splits. If they are ids of persons, give --patient-column {option}"
            )
