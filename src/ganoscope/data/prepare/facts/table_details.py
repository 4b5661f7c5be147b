"""Tables beside the images that say nothing of classes: their patients, views, modalities and splits are used."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ganoscope.data.layouts.manifest import Reading, find_key, read_tables, tell_matching
from ganoscope.data.picture import ReadOptions
from ganoscope.data.source.entries import SourceImage
from ganoscope.data.tables.column_names import choose_columns, find_aliases
from ganoscope.data.tables.gathered_rows import CONFLICT, NO_PATH
from ganoscope.data.tables.person_columns import tell_persons
from ganoscope.data.tables.source_names import SourceNames
from ganoscope.data.tables.table_files import MOST_TABLES, list_tables, open_sound
from ganoscope.data.tables.text_table import Table, normalise
from ganoscope.errors import UserError

DETAILS = ("patient", "view", "modality", "split")
FITTING_SHARE = 0.5
"""Share of the rows, or of the images, that must match, so that a table is about them."""
UNUSED = (CONFLICT, NO_PATH)
USED = "a table whose columns of patients, views, modalities or splits are used"


@dataclass(frozen=True)
class TableDetails:
    """What tables without classes say of images.

    Attributes:
        readings: Tables with their rows matched to files.
    """

    readings: Sequence[Reading] = ()

    @property
    def names(self) -> frozenset[str]:
        """Paths of the tables relative to the source."""
        return frozenset(table.path.name for reading in self.readings for table in reading.tables)

    def hold(self, options: ReadOptions) -> bool:
        """Tells whether a table has all that the user states, so that no table with classes is meant."""
        columns = {normalise(column) for column in (options.path_column, options.patient_column) if column}
        named = [
            table
            for reading in self.readings
            for table in reading.tables
            if table.path.as_posix().endswith(options.table) and columns <= set(table.keys)
        ]
        return bool(named) and not (options.label_column or options.map)

    def tell(self) -> Iterator[str]:
        """Yields what was understood, in lines for the terminal."""
        for reading in self.readings:
            details = {name: column for name, column in reading.columns.items() if name in DETAILS}
            columns = ", ".join(f"{name} from {column!r}" for name, column in details.items())
            found = reading.matching.row_of_file
            yield f"{reading.tables[0].path.name}: {columns}; {tell_matching(found, len(reading.rows), reading.files)}"
            yield from tell_persons(reading.tables[0], reading.columns, reading.patient_stated)
            if unsure := sum(row.fault in UNUSED for row in reading.rows.values()):
                yield f"warning: images whose rows contradict each other or have no name, left without: {unsure:,}"

    def apply(self, source: Path, images: Iterable[SourceImage], levels: str) -> Iterator[SourceImage]:
        """Yields the images with what the tables say; the patients of `--levels` go before.

        Args:
            source: Source folder.
            images: Entries of the layout.
            levels: The user's `--levels`.
        """
        stated = "patient" in levels.split("/")
        tables = {reading.tables[0].path for reading in self.readings}
        for image in images:
            changed = replace(image, fault=USED) if image.path in tables else image
            for reading in self.readings:
                changed = add_details(changed, reading, find_key(source, image.path), stated)
            yield changed


def add_details(image: SourceImage, reading: Reading, key: str, stated: bool) -> SourceImage:
    """Returns an image with what a table says of it.

    Args:
        image: Entry.
        reading: Table.
        key: Path of its (first) file.
        stated: Whether the user states the patients by `--levels`.
    """
    row = reading.rows.get(reading.matching.row_of_file.get(key, ""))
    if row is None or row.fault in UNUSED:
        return image
    kept = image.patient if stated or reading.within_person else ""
    return replace(
        image,
        patient=kept or row.patient or image.patient,
        view=row.view or image.view,
        modality=row.modality or image.modality,
        split=image.split or row.split,
    )


def find_details(source: Path, options: ReadOptions) -> TableDetails:
    """Returns the tables that list images without their classes.

    Args:
        source: Source folder.
        options: How tables are read.
    """
    paths = list_tables(source)
    tables = open_sound(paths) if len(paths) <= MOST_TABLES else ()
    classes = set(map(normalise, [options.label_column, *options.label_column.split(",")]))
    unread = [table for table in tables if not (find_aliases(table, "label") or classes & set(table.keys))]
    readings = (read_details(source, options, table) for table in unread)
    return TableDetails([reading for reading in readings if reading])


def read_details(source: Path, options: ReadOptions, table: Table) -> Reading | None:
    """Returns a table with its rows matched to files; None if it says nothing of the images.

    Args:
        source: Source folder.
        options: How tables are read; what they say of other tables is left out.
        table: Table.
    """
    path, patient = (
        column if normalise(column) in table.keys else "" for column in (options.path_column, options.patient_column)
    )
    if not (patient or any(find_aliases(table, name) for name in DETAILS)):
        return None
    own = replace(options, table="", label_column="", map="", path_column=path, patient_column=patient)
    try:
        keys = choose_columns(table, own, SourceNames(source), labels=False).keys
        if not {key for name, key in keys.items() if name in DETAILS} - {keys["path"]}:
            return None  # no more than the names that it is matched by; nothing of the source need be read
        reading = read_tables(source, own, [(table, "")], labels=False)
    except UserError:
        return None
    matched = len(set(reading.matching.row_of_file.values()))
    return reading if matched >= FITTING_SHARE * min(len(reading.rows), reading.files) else None
