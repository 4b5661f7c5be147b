"""A folder with a table that lists its images: path, label, and further columns.

The table is a CSV at the top (or in the only folder that holds some): `manifest.csv`, the only one with a column for
paths and one for labels, or several that are named after splits (`train.csv`, `valid.csv`). Columns, in any order, with
any common separator and encoding: `path`, `label`, `patient`, `split` (train, validation, test or empty), `modality`,
`view`, `boxes` ("x y width height; ..." in pixels), `mask` (the path of a mask of findings) and `anatomy` (that of a
mask of lung fields or an organ). Other common names, such as `filename` or `class`, are recognised in any case, and the
user can state columns. Names match files with or without folder, ending and case, if that is one to one. Rows without
an image, images without a row, and contradictory rows of one image are listed but not used.

It ranks above the layouts of single data sets: a manifest is deliberate.

"""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ganoscope.data.levels.stated import StatedReading
from ganoscope.data.picture import ReadOptions, TableOptions
from ganoscope.data.readers import readers
from ganoscope.data.source.entries import Listed, SourceImage
from ganoscope.data.source.understood import LONE_MASK, NAMED_MASK, Understood, understand
from ganoscope.data.source.walk import Found, find_link_fault, walk_files
from ganoscope.data.tables.column_names import choose_columns
from ganoscope.data.tables.label_rules import LabelRule, refuse_unclear
from ganoscope.data.tables.name_matching import Matching, is_outside, make_key, match_rows
from ganoscope.data.tables.person_columns import tell_persons
from ganoscope.data.tables.table_files import choose_tables, find_tables
from ganoscope.data.tables.table_rows import Row, parse_row
from ganoscope.data.tables.text_table import Table, read_rows
from ganoscope.files import escape_unprintable

RANK = 3

NO_IMAGE = "a row without its image file"
NO_ROW = "an image without a row in the CSV"
NO_PATH = "a row without a path"
ABSOLUTE = "an absolute path in the CSV that is no image of the source"
LEADS_OUT = "a path in the CSV that leads out of the source folder"
CONFLICT = "rows that say different things of one image"
GENERATED_SHEETS = {"contact_sheet.png", "rejected.png", "interpolation.png", "interpolation_classes.png"}
"""Overview pictures that `ganoscope generate` writes beside its images."""
OFTEN, OFTEN_SHARE = 10, 0.1
"""From this number and share of images with different labels in several rows, a table lists findings, not classes."""


@dataclass(frozen=True)
class Reading:
    """The tables of a source as they are read.

    Attributes:
        tables: Tables with the splits that their names state.
        rows: Rows by the normalised name of their image.
        matching: Files that belong to rows.
        others: Paths of files that are no images, such as masks.
        columns: Names of the columns by our names, of the first table.
        understood: What the names of the files say: masks, and levels of folders that the user states.
        files: Number of files that may be images.
        patient_stated: Whether the user stated the column of patients.
    """

    tables: Sequence[Table]
    rows: Mapping[str, Row]
    matching: Matching
    others: Collection[str]
    columns: Mapping[str, str]
    understood: Understood
    files: int
    patient_stated: bool = False


def matches(source: Path) -> bool:
    """Recognises folders with a `manifest.csv`, or with another CSV that has columns for paths and labels."""
    return bool(find_tables(source, TableOptions()))


def list_images(source: Path, options: ReadOptions) -> Listed:
    """Returns the images in the order of paths, then the rows without an image.

    Raises:
        UserError: The folder is a store, the table can't be told, columns are missing or ambiguous, names do not match
            files, or labels have no clear meaning.
    """
    reading = read_source(source, options)
    return Listed(iterate_images(source, reading), list(describe_reading(reading)))


def read_source(source: Path, options: ReadOptions) -> Reading:
    """Returns the tables of a source with their rows matched to files.

    Raises:
        UserError: See `list_images`.
    """
    tables = choose_tables(source, options)
    others = {make_key(table.path.relative_to(source).as_posix()) for table, _ in tables}
    others |= GENERATED_SHEETS if (source / "provenance.json").exists() else set()
    candidates = (found for found in walk_files(source) if found.fault or is_picture(found.path))
    files = [key for found in candidates if (key := find_key(source, found)) not in others]
    rows, columns = collect_rows(tables, options, files)
    others |= {mask for row in rows.values() for mask in (row.mask, row.anatomy) if mask}
    understood = understand(source, options.levels, strict=False)
    masks, loose = (
        {make_key(Path(path).relative_to(source).as_posix()) for path in paths}
        for paths in (understood.masks.paths, understood.masks.loose)
    )
    pictures = [file for file in files if file not in others]
    named = [key for key, row in rows.items() if row.fault != NO_PATH]
    matching = match_rows(named, pictures, tables[0][0].path.name, masks)
    attached = {name for name in masks - loose if not is_volume(name)}
    images = len(pictures) - len(masks.intersection(pictures))
    tabled = [table for table, _ in tables]
    return Reading(tabled, rows, matching, others | attached, columns, understood, images, bool(options.patient_column))


def find_key(source: Path, found: Found) -> str:
    """Returns the normalised path of a file relative to the source."""
    return make_key(found.path.relative_to(source).as_posix())


def iterate_images(source: Path, reading: Reading) -> Iterator[SourceImage]:
    """Yields the images in the order of paths, then the rows without an image."""
    row_of_file, used = reading.matching.row_of_file, set()
    for found in walk_files(source):
        key = find_key(source, found)
        if key in row_of_file:
            used.add(row_of_file[key])
            yield make_image(source, found, reading.rows[row_of_file[key]], reading.understood)
        elif key not in reading.others and (found.fault or is_picture(found.path)):
            yield SourceImage((found.path,), found.name, fault=found.fault or name_fault(found, reading.understood))
    for key, row in reading.rows.items():
        if key not in used:
            yield make_lone_row(source, key, row, reading.tables[0])


def name_fault(found: Found, understood: Understood) -> str:
    """Returns the reason why a file without a row is not taken."""
    if str(found.path) in understood.masks.loose:
        return LONE_MASK
    return NAMED_MASK if str(found.path) in understood.masks.paths else NO_ROW


def make_lone_row(source: Path, key: str, row: Row, table: Table) -> SourceImage:
    """Returns the entry of a row without an image; a path out of the source is never touched.

    Args:
        source: Source folder.
        key: Normalised name of the image.
        row: The row.
        table: Table that holds the row.
    """
    if row.fault == NO_PATH or is_outside(key):
        fault = NO_PATH if row.fault == NO_PATH else LEADS_OUT if key.startswith("..") else ABSOLUTE
        return SourceImage((table.path,), f"row {row.number}", fault=fault)
    return SourceImage((source / key,), escape_unprintable(key), row.label, fault=row.fault or NO_IMAGE)


def describe_reading(reading: Reading) -> Iterator[str]:
    """Yields lines that say how the tables were understood."""
    rows, found, way = reading.rows, reading.matching.row_of_file, reading.matching.way
    columns = ", ".join(f"{name} from {column!r}" for name, column in reading.columns.items())
    yield f"{', '.join(table.path.name for table in reading.tables)}: {len(rows):,} images: {columns}"
    for file, row in list(found.items())[:1]:
        how = "" if way.plain else f" (rows say {escape_unprintable(row)}, files are {escape_unprintable(file)})"
        yield f"{tell_matching(found, len(rows), reading.files)}{how}"
    taken = set(found.values())
    lone = next((key for key in rows if key not in taken), None) if len(taken) < len(rows) else None
    if lone:
        yield f"rows without an image: {len(rows) - len(taken):,}, such as {escape_unprintable(lone)}"
    yield from tell_persons(reading.tables[0], reading.columns, reading.patient_stated)
    if dropped := [row.dropped for row in rows.values() if row.dropped]:
        shown = escape_unprintable(dropped[0])
        yield f"views or modalities not kept, as they may be names: {len(dropped):,} rows, such as {shown}"
    yield from reading.understood.masks.tell()
    unclear = reading.matching.double
    if unclear[0] and len(taken) < len(rows):
        yield f"left alone because more than one fits: rows {show_names(unclear[0])}, files {show_names(unclear[1])}"


def tell_matching(found: Mapping[str, str], rows: int, files: int) -> str:
    """Returns how many rows match files, or folders of files.

    Args:
        found: Row by file.
        rows: Number of rows.
        files: Number of files.
    """
    named = len(set(found.values()))
    if named < len(found):
        return f"{named:,} of {rows:,} rows name folders, of {len(found):,} of {files:,} files"
    return f"{named:,} of {rows:,} rows match one of {files:,} files each"


def show_names(names: Sequence[str]) -> str:
    """Returns names for the terminal."""
    return " and ".join(map(escape_unprintable, names))


def make_image(source: Path, found: Found, row: Row, understood: Understood) -> SourceImage:
    """Returns an image with the values of its row; what the row does not say comes from names.

    Args:
        source: Source folder.
        found: File.
        row: Row of the file.
        understood: What the names of the files say.
    """
    named = understood.make_image(found, attach=not is_volume(found.path.name))
    masks: tuple[Path, ...] = (source / row.mask,) if row.mask else ()
    anatomy: tuple[Path, ...] = (source / row.anatomy,) if row.anatomy else ()
    if not (masks or anatomy):
        masks, anatomy = named.mask, named.anatomy
    stated = isinstance(understood.reading, StatedReading)  # the user's --levels
    faults = [found.fault, row.fault, *(find_mask_fault(path, source) for path in (*masks, *anatomy))]
    return SourceImage(
        paths=(found.path,),
        name=found.name,
        label=row.label,
        split=row.split or (named.split if stated else ""),
        patient=row.patient or (named.patient if stated else ""),
        boxes=row.boxes,
        mask=masks,
        modality=row.modality,
        view=row.view,
        fault=next(filter(None, faults), ""),
        anatomy=anatomy,
    )


def find_mask_fault(mask: Path, source: Path) -> str:
    """Returns the reason why a mask can't be used, or ""."""
    fault = find_link_fault(os.fspath(mask), os.path.realpath(source)) if os.path.lexists(mask) else "it does not exist"
    return f"its mask can't be taken: {fault}" if fault else ""


def is_volume(name: str) -> bool:
    """Tells whether a file is a NIfTI volume, whose label maps stand for several organs and findings."""
    return name.lower().endswith((".nii", ".nii.gz"))


def is_picture(path: Path) -> bool:
    """Tells whether a file name has the suffix of a picture or none, as is common for DICOM files."""
    return not path.suffix or path.name.lower().endswith(tuple(suffix for suffix in readers() if suffix))


def collect_rows(
    tables: Sequence[tuple[Table, str]], options: TableOptions, files: Collection[str]
) -> tuple[dict[str, Row], dict[str, str]]:
    """Returns the rows by the name of their image, and the names of the columns of the first table by our names.

    Repeated rows count once; contradictory rows give their image a fault.

    Args:
        tables: Tables, and the split that the name of each states.
        options: How tables are read.
        files: Paths of the files of the source.

    Raises:
        UserError: Columns are missing or ambiguous, or labels have no clear meaning.
    """
    rows: dict[str, Row] = {}
    chosen = [choose_columns(table, options, files) for table, _ in tables]
    for (table, split), columns in zip(tables, chosen, strict=True):
        for number, fields in enumerate(read_rows(table), 1):
            cells = {name: fields[key] for name, key in columns.keys.items()}
            row = replace(parse_row(cells, table, split), values=columns.rule.read(fields), number=number)
            path = "" if "\0" in cells["path"] else cells["path"]
            key = make_key(path) if path else f"{NO_PATH} {table.path.name} {number}"
            row = row if path else Row(fault=NO_PATH, number=number)
            rows[key] = merge(rows[key], row, columns.rule) if key in rows else row
    names = {
        name: dict(zip(tables[0][0].keys, tables[0][0].columns, strict=True))[key]
        for name, key in chosen[0].keys.items()
    }
    return add_labels(rows, chosen[0].rule, tables[0][0].path.name), names | {"class": ", ".join(chosen[0].rule.names)}


def merge(first: Row, other: Row, rule: LabelRule) -> Row:
    """Returns what two rows say of one image: several findings if `--map` tells their class, else a fault.

    Args:
        first: Row read before.
        other: Row read now.
        rule: How an image gets its class.
    """
    values, differs = first.values | other.values, first.differs or first.values != other.values
    same = replace(first, values=values, number=0, differs=False) == replace(other, values=values, number=0)
    fault = first.fault if same else CONFLICT
    return replace(first, values=values, fault=CONFLICT if differs and not rule.classes else fault, differs=differs)


def add_labels(rows: Mapping[str, Row], rule: LabelRule, table: str) -> dict[str, Row]:
    """Returns the rows with their classes.

    Args:
        rows: Rows by the name of their image.
        rule: How an image gets its class.
        table: Name of the table, for the message.

    Raises:
        UserError: The labels have no clear meaning.
    """
    named = [row for row in rows.values() if row.fault != NO_PATH]
    unclear = sum(row.differs for row in named)
    often = unclear >= OFTEN and unclear > OFTEN_SHARE * len(named)
    refuse_unclear(rule, [row.values for row in named if often or rule.classes or not row.differs], table)
    return {key: label_row(row, rule) for key, row in rows.items()}


def label_row(row: Row, rule: LabelRule) -> Row:
    """Returns a row with its class, or with the reason why it has none."""
    if row.fault in (NO_PATH, CONFLICT):
        return row
    label, fault = rule.choose(row.values)
    return replace(row, label=label, fault="; ".join(filter(None, (row.fault, fault))))
