"""Class labels that name a person: they would stand in the manifest, in reports and in the generator's options.

Told by form alone: names of classes are as free as names of persons, so only what a class hardly has is refused: a full
date, a DICOM person name, a number as long as a patient's, a unique identifier.
"""

import re
from collections.abc import Iterable
from datetime import date

from ganoscope.data.levels.words import NAMED_SHARE, are_two_names
from ganoscope.errors import UserError, describe, write_count

EARLIEST_YEAR = 1900
LEAP_YEAR = 2000
"""Year in which every day of the calendar exists."""
NAMED = 3
"""Number of labels of two words with capitals from which on they look like persons; two such classes are common."""
SHOWN = 3
"""Most labels that the message names."""
SEPARATOR = r"[-._/ ]"
DATES = (
    (r"(?<!\d)(\d{4})(\d{2})(\d{2})(?!\d)", (0, 1, 2)),
    (rf"(?<!\d)(\d{{4}}){SEPARATOR}(\d{{1,2}}){SEPARATOR}(\d{{1,2}})(?!\d)", (0, 1, 2)),
    (rf"(?<!\d)(\d{{1,2}}){SEPARATOR}(\d{{1,2}}){SEPARATOR}(\d{{4}})(?!\d)", (2, 1, 0)),
    (rf"(?<!\d)(\d{{1,2}}){SEPARATOR}(\d{{1,2}}){SEPARATOR}(\d{{4}})(?!\d)", (2, 0, 1)),
    (r"(?<!\d)(\d{2})(\d{2})(\d{4})(?!\d)", (2, 1, 0)),
    (r"(?<!\d)(\d{2})(\d{2})(\d{4})(?!\d)", (2, 0, 1)),
)
"""Ways to write a date, each with the places of year, month and day."""
WORD = r"[^\W\d_]"
PERSON_NAME = re.compile(rf"{WORD}\^|\^{WORD}")
SHORT_DATE = re.compile(rf"^{WORD}{{2,}}(?:[-_ ,.]+{WORD}+)+[-_ ,.]+(\d{{2}})(\d{{2}})(\d{{2}})$")
"""Names and a date of six digits."""
NUMBER = re.compile(
    r"^(?:mrn|pid|pat|patient|person|subject|case|id|accession|acc|sub)[-_# .]*[a-z]{0,2}\d{3,}$"
    r"|^[a-z]{0,3}[-_ ]?\d{6,}$|^\d{3}-\d{2}-\d{4}$",
    re.IGNORECASE,
)
IDENTIFIER = re.compile(r"^[0-9]+(?:\.[0-9]+){5,}$|^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")


def refuse_person_labels(labels: Iterable[str]) -> None:
    """Refuses class labels that name persons; the final ones, wherever they come from.

    Args:
        labels: All labels of a source.

    Raises:
        UserError: A label has the form of a person's name, date or number.
    """
    labels = sorted(set(labels) - {""})
    found = {label: reason for label in labels if (reason := recognise(label))}
    named = [label for label in labels if are_two_names(label)]
    if len(named) >= NAMED and len(named) >= NAMED_SHARE * len(labels):
        found |= dict.fromkeys(named, "two words as first and last name")
    if not found:
        return
    listed = ", ".join(f"{label!r} ({reason})" for label, reason in list(found.items())[:SHOWN])
    more = f" and {len(found) - SHOWN:,} more" if len(found) > SHOWN else ""
    raise UserError(
        describe(
            f"{write_count(len(found), 'class label looks like a person', 'class labels look like persons')}, and a "
            "store names no person",
            f"{listed}{more}",
            "names of classes, without dates and numbers of patients",
            "If these are folders of patients, state the levels of folders, such as --levels patient or "
            '--levels class/patient; otherwise give the classes other names (--map "old name=new name"), '
            "rename the classes, or list the images in a manifest.csv with the "
            "columns file, label and patient.",
        )
    )


def recognise(label: str) -> str:
    """Returns what of a person a label has, in words; "" for nothing.

    Example:
        >>> [recognise(label) for label in ("Smith_Jane_19630417", "DOE^JOHN", "MRN0012345", "Stage_2_2019", "class 1")]
        ['a date', 'a name as in DICOM', 'a number as of a patient', '', '']
    """
    if PERSON_NAME.search(label):
        return "a name as in DICOM"
    if IDENTIFIER.match(label):
        return "a unique identifier"
    if has_date(label):
        return "a date"
    return "a number as of a patient" if NUMBER.match(label.strip()) else ""


def has_date(label: str) -> bool:
    """Tells whether a label holds a full date, of a year from 1900 to this one."""
    for pattern, places in DATES:
        for match in re.finditer(pattern, label):
            year, month, day = (int(match[place + 1]) for place in places)
            if is_date(year, month, day):
                return True
    short = SHORT_DATE.match(label)
    if short is None:
        return False
    first, middle, last = (int(part) for part in short.groups())
    return any(is_date(LEAP_YEAR, *order) for order in ((middle, last), (middle, first), (first, middle)))


def is_date(year: int, month: int, day: int) -> bool:
    """Tells whether there is such a day, in a year that a living person may have been born in.

    Args:
        year: Year with four digits.
        month: Month from 1.
        day: Day from 1.
    """
    try:
        return EARLIEST_YEAR <= year <= date.today().year and bool(date(year, month, day))
    except ValueError:
        return False
