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
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from ganoscope.data.layouts import dicom_tree
from ganoscope.data.levels.interpretation import FoundReading
from ganoscope.data.levels.stated import StatedReading
from ganoscope.data.picture import ReadOptions, TableOptions
from ganoscope.data.readers import readers
from ganoscope.data.source.class_folders import refuse_conflict
from ganoscope.data.source.entries import Listed, SourceImage
from ganoscope.data.source.understood import NAMED_MASK, Understood, locate, understand
from ganoscope.data.source.walk import Found, find_link_fault, find_table_fault, walk_files
from ganoscope.data.tables.gathered_rows import NO_PATH, collect_rows
from ganoscope.data.tables.name_matching import Matching, is_outside, make_key, match_rows
from ganoscope.data.tables.person_columns import WITHIN_PERSON, tell_persons
from ganoscope.data.tables.source_names import SourceNames, is_picture, match_headers
from ganoscope.data.tables.table_files import NAME, choose_tables, find_tables
from ganoscope.data.tables.table_rows import Row
from ganoscope.data.tables.text_table import Table, normalise
from ganoscope.errors import UserError, describe
from ganoscope.files import escape_unprintable

RANK = 4

NO_IMAGE = "a row without its image file"
NO_ROW = "an image without a row in the CSV"
ABSOLUTE = "an absolute path in the CSV that is no image of the source"
LEADS_OUT = "a path in the CSV that leads out of the source folder"
ANALYZE = "Convert Analyze volumes (.hdr, .img), whose left and right are not stated, to NIfTI, and look at the result."
MOST_SHOWN = 6
GENERATED_SHEETS = {"contact_sheet.png", "rejected.png", "interpolation.png", "interpolation_classes.png"}
"""Overview pictures that `ganoscope generate` writes beside its images."""


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
        standing_in: Name of each row of several files, which stands in for the patient where none is known.
        mapped: Whether the user stated the classes by value.
        series: Series of a DICOM tree; None for other files.
    """

    tables: Sequence[Table]
    rows: Mapping[str, Row]
    matching: Matching
    others: Collection[str]
    columns: Mapping[str, str]
    understood: Understood
    files: int
    patient_stated: bool = False
    standing_in: Mapping[str, str] = field(default_factory=dict)
    mapped: bool = False
    series: Sequence[SourceImage] | None = None

    @property
    def within_person(self) -> bool:
        """Whether ids of studies or lesions stand in for patients, who may have several: any other id is better."""
        return not self.patient_stated and normalise(self.columns.get("patient", "")) in WITHIN_PERSON


def matches(source: Path) -> bool:
    """Recognises folders with a `manifest.csv`, or with another CSV that has columns for paths and labels."""
    return bool(find_tables(source, TableOptions(), by_path=True))


def list_images(source: Path, options: ReadOptions) -> Listed:
    """Returns the images in the order of paths, then the rows without an image.

    Raises:
        UserError: The folder is a store, the table can't be told, columns are missing or ambiguous, names do not match
            files, or labels have no clear meaning.
    """
    reading = read_source(source, options)
    return Listed(iterate_images(source, reading), list(describe_reading(reading)))


def read_source(source: Path, options: ReadOptions) -> Reading:
    """Returns the tables that list the images of a source, with their rows matched to files.

    Raises:
        UserError: See `list_images`; or the classes of folders contradict those of the table.
    """
    tables = choose_tables(source, options)
    by_folder = "class" in options.levels.split("/") or bool(options.class_pattern)
    reading = read_tables(source, options, tables, labels=not by_folder)
    settled = by_folder or options.label_column or options.map or options.table
    found = reading.understood.reading
    if not settled and tables[0][0].path.name.lower() != NAME and isinstance(found, FoundReading):
        places = {
            file: (found.place(tuple(file.split("/")[:-1])).label, reading.rows[row].label)
            for file, row in reading.matching.row_of_file.items()
        }
        both = {file: labels for file, labels in places.items() if all(labels)}
        refuse_conflict(both, reading.columns["class"], tables[0][0].path.name, found.state())
    return reading


def read_tables(source: Path, options: ReadOptions, tables: Sequence[tuple[Table, str]], labels: bool) -> Reading:
    """Returns tables with their rows matched to files.

    Args:
        source: Source folder.
        options: How they are read.
        tables: Tables, each with the split that its name states.
        labels: Whether they tell the classes.

    Raises:
        UserError: Columns are missing or ambiguous, or names do not match files.
    """
    others = {make_key(table.path.relative_to(source).as_posix()) for table, _ in tables}
    others |= GENERATED_SHEETS if (source / "provenance.json").exists() else set()
    names = SourceNames(source)
    files = [file for file in names.files if file not in others]
    refuse_formats(source, files)
    rows, columns = collect_rows(tables, options, names, labels)
    others |= {mask for row in rows.values() for mask in (row.mask, row.anatomy) if mask}
    understood = understand(source, options.levels, strict=False)
    masks, loose = (
        {make_key(Path(path).relative_to(source).as_posix()) for path in paths}
        for paths in (understood.masks.paths, understood.masks.loose)
    )
    masks |= list_stated(source, options, files)
    pictures = [file for file in files if file not in others]
    named = [key for key, row in rows.items() if row.fault != NO_PATH]
    series = list(dicom_tree.list_series(source, options)) if dicom_tree.matches(source) else None
    by_header = match_headers(named, series or (), source)
    matching = choose_matching(by_header, partial(match_rows, named, pictures, tables[0][0].path.name, masks))
    attached = {name for name in masks - loose if not is_volume(name)}
    images = len(pictures) - len(masks.intersection(pictures))
    tabled = [table for table, _ in tables]
    counts = Counter(matching.row_of_file.values())
    several = {} if "patient" in columns else {row: row for row, count in counts.items() if count > 1}
    stated = (bool(options.patient_column), several, bool(options.map))
    return Reading(tabled, rows, matching, others | attached, columns, understood, images, *stated, series)


def choose_matching(by_header: Matching, by_name: Callable[[], Matching]) -> Matching:
    """Returns the rows by ids in headers, unless more of them name files or folders.

    Args:
        by_header: Files whose headers hold a name in the table.
        by_name: Function that matches names of files; it raises a `UserError` if there is none.
    """
    if not by_header.row_of_file:
        return by_name()
    try:
        named = by_name()
    except UserError:
        return by_header
    count = [len(set(found.row_of_file.values())) for found in (by_header, named)]
    return named if count[1] > count[0] else by_header


def list_stated(source: Path, options: ReadOptions, files: Collection[str]) -> set[str]:
    """Returns the files in the folders inside the source that the user states as masks.

    Args:
        source: Source folder.
        options: How files are read.
        files: Paths relative to the source.
    """
    root = source.resolve()
    stated = [locate(source, folder).resolve() for folder in (options.masks, options.anatomy) if folder]
    below = tuple(f"{find_key(root, folder)}/" for folder in stated if root in folder.parents)
    return {file for file in files if file.startswith(below)}


def refuse_formats(source: Path, files: Collection[str]) -> None:
    """Refuses a source with files none of which may be an image.

    Args:
        source: Source folder.
        files: Paths of the files that may be images.

    Raises:
        UserError: There are none; the message names the endings of the others.
    """
    endings = Counter(found.path.suffix.lower() for found in walk_files(source) if not find_table_fault(found))
    if files or not endings:
        return
    given = ", ".join(f"{ending} ({count:,})" for ending, count in endings.most_common(MOST_SHOWN))
    remedy = ANALYZE if {".hdr", ".img"} <= endings.keys() else "Convert the files."
    allowed = ", ".join(filter(None, readers()))
    raise UserError(describe(f"{source} holds a table, but no image of a known format", given, allowed, remedy))


def find_key(source: Path, path: Path) -> str:
    """Returns the normalised path of a file relative to the source."""
    return make_key(path.relative_to(source).as_posix())


def iterate_images(source: Path, reading: Reading) -> Iterator[SourceImage]:
    """Yields the images in the order of paths, then the rows without an image.

    Args:
        source: Source folder.
        reading: Its tables.
    """
    used = set()
    files = (SourceImage((found.path,), found.name, fault=found.fault) for found in walk_files(source))
    for entry in files if reading.series is None else reading.series:
        for name, part in divide(source, entry, reading.matching.row_of_file):
            used.add(name)
            if name:
                yield make_image(source, part, reading, name)
            elif find_key(source, part.path) not in reading.others and (part.fault or is_picture(part.path)):
                yield replace(part, fault=part.fault or name_fault(part.path, reading.understood))
    for key, row in reading.rows.items():
        if key not in used:
            yield make_lone_row(source, key, row, reading.tables[0])


def divide(source: Path, entry: SourceImage, row_of_file: Mapping[str, str]) -> Iterator[tuple[str, SourceImage]]:
    """Yields an entry with the name of its row, "" if it has none; in parts if its files belong to several.

    Args:
        source: Source folder.
        entry: File or series.
        row_of_file: Name in the table by path of the file.
    """
    parts: dict[str, list[Path]] = {}
    for path in entry.paths:
        parts.setdefault(row_of_file.get(find_key(source, path), ""), []).append(path)
    for row, paths in parts.items():
        yield row, replace(entry, paths=tuple(paths), name=name_path(source, paths[0])) if len(parts) > 1 else entry


def name_path(source: Path, path: Path) -> str:
    """Returns a path relative to the source as it is shown."""
    return "/".join(map(escape_unprintable, path.relative_to(source).parts))


def name_fault(path: Path, understood: Understood) -> str:
    """Returns the reason why a file without a row is not taken."""
    if str(path) in understood.masks.loose:
        return understood.name_loose(str(path))
    return NAMED_MASK if str(path) in understood.masks.paths else NO_ROW


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
    if isinstance(reading.understood.reading, StatedReading):
        yield from reading.understood.reading.tell()
    rows, found, way = reading.rows, reading.matching.row_of_file, reading.matching.way
    columns = ", ".join(f"{name} from {column!r}" for name, column in reading.columns.items())
    yield f"{', '.join(table.path.name for table in reading.tables)}: {len(rows):,} rows: {columns}"
    for file, row in list(found.items())[:1]:
        how = "" if way.plain else f" (rows say {escape_unprintable(row)}, files are {escape_unprintable(file)})"
        by = reading.matching.by
        told = f"{len(set(found.values())):,} of {len(rows):,} rows are a {by} in the headers of {len(found):,} files"
        yield told if by else f"{tell_matching(found, len(rows), reading.files)}{how}"
    taken = set(found.values())
    lone = next((key for key in rows if key not in taken), None) if len(taken) < len(rows) else None
    if lone:
        yield f"rows without an image: {len(rows) - len(taken):,}, such as {escape_unprintable(lone)}"
    if reading.standing_in:
        yield "the files of a row stay in one split; if persons have several rows, give --patient-pattern"
    yield from tell_classes(rows.values(), reading.columns.get("class", ""), reading.mapped)
    yield from tell_persons(reading.tables[0], reading.columns, reading.patient_stated)
    if dropped := [row.dropped for row in rows.values() if row.dropped]:
        shown = escape_unprintable(dropped[0])
        yield f"views or modalities not kept, as they may be names: {len(dropped):,} rows, such as {shown}"
    yield from reading.understood.masks.tell()
    unclear = reading.matching.double
    if unclear[0] and len(taken) < len(rows):
        yield f"left alone because more than one fits: rows {show_names(unclear[0])}, files {show_names(unclear[1])}"


def tell_classes(rows: Collection[Row], column: str, mapped: bool) -> Iterator[str]:
    """Yields how classes that are called by numbers can be named, and how many images have none.

    Args:
        rows: Rows of all images.
        column: Name of the label column.
        mapped: Whether the user stated the classes by value.
    """
    labels = sorted({row.label for row in rows if row.label})
    if labels and all(label.replace(".", "", 1).isdigit() for label in labels) and not mapped:
        example = ",".join(f"{label}=NAME" for label in labels[:MOST_SHOWN])
        called = ", ".join(labels[:MOST_SHOWN])
        yield f'classes are called by their numbers in {column!r}: {called}. To name them, give --map "{example}"'
    blank = sum(not (row.label or row.fault) for row in rows)
    if blank and labels:
        yield f'images without a class, since the field is empty: {blank:,}. To leave them out, give --map "blank="'


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


def make_image(source: Path, entry: SourceImage, reading: Reading, name: str) -> SourceImage:
    """Returns an image with the values of its row; what the row does not say comes from names, or from headers.

    Args:
        source: Source folder.
        entry: File or series.
        reading: Tables of the source.
        name: Name of the row.
    """
    row, found = reading.rows[name], Found(entry.path, tuple(name_path(source, entry.path).split("/")[:-1]))
    named = reading.understood.make_image(found, attach=not is_volume(found.path.name))
    masks: tuple[Path, ...] = (source / row.mask,) if row.mask else ()
    anatomy: tuple[Path, ...] = (source / row.anatomy,) if row.anatomy else ()
    if not (masks or anatomy):
        masks, anatomy = named.mask, named.anatomy
    stated = isinstance(reading.understood.reading, StatedReading)  # the user's --levels
    standing_in = [entry.patient, row.patient] if reading.within_person else [row.patient, entry.patient]
    levels = named.patient if stated and not reading.patient_stated else ""
    patients = [levels, *standing_in, reading.standing_in.get(name, "")]
    faults = [entry.fault, row.fault, *(find_mask_fault(path, source) for path in (*masks, *anatomy))]
    return replace(
        entry,
        label=row.label if "class" in reading.columns else named.label,
        split=row.split or (named.split if stated else ""),
        patient=next(filter(None, patients), ""),
        boxes=row.boxes,
        mask=masks,
        modality=row.modality or entry.modality,
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
