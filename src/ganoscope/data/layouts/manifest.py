"""A folder with a CSV that lists its images: path, label, and further columns.

The CSV is at the top: `manifest.csv`, or the only one with a column for paths and one for labels. Columns, in any
order, with any common separator and encoding: `path` (relative to the CSV; slashes or backslashes), `label`,
`patient`, `split` (train, validation, test or empty), `modality` (DICOM code), `view`, `boxes` ("x y width height;
..." in pixels), `mask` (the path of a mask of findings) and `anatomy` (that of a mask of lung fields or an organ).
Other common names, such as `filename` or `class`, are recognised in any case. Rows without an image, images without a
row, and contradictory rows of one image are listed but not used.

It ranks above the layouts of single data sets: a manifest is deliberate.

"""

import difflib
import os
import posixpath
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ganoscope.data.layouts import Box, SourceImage
from ganoscope.data.layouts._tables import Table, open_table, parse_number, read_rows, require_columns, show
from ganoscope.data.layouts._walk import Found, find_fault, find_link_fault, is_hidden, walk_files
from ganoscope.data.levels.words import SPLIT_OF_FOLDER
from ganoscope.data.picture import ReadOptions
from ganoscope.data.readers import readers
from ganoscope.errors import UserError, refuse
from ganoscope.files import escape_unprintable

RANK = 3

NAME = "manifest.csv"
SUFFIXES = (".csv", ".tsv")
ALIASES = {
    "path": (
        "path",
        "filename",
        "file",
        "image",
        "file_name",
        "filepath",
        "file_path",
        "image_path",
        "image_file",
        "img",
    ),
    "label": ("label", "class", "target", "category", "labels", "classes", "class_name"),
    "patient": ("patient", "patient_id", "patientid", "subject", "subject_id", "subjectid", "participant_id"),
    "split": ("split", "set", "subset", "partition", "part"),
    "modality": ("modality",),
    "view": ("view", "view_position", "viewposition", "position"),
    "boxes": ("boxes", "box", "bbox", "bboxes"),
    "mask": ("mask", "mask_path", "segmentation"),
    "anatomy": ("anatomy", "anatomy_mask", "lung_mask", "lungs", "organ_mask", "body_mask"),
}
VIEWS = {name.lower(): name for name in ("AP", "PA", "LL", "RL", "axial", "coronal", "sagittal", "oblique")}
TYPING_ERROR = 0.85
"""Similarity from which a column name is assumed to be a misspelt missing column, and refused."""

NO_IMAGE = "a row without its image file"
NO_ROW = "an image without a row in the CSV"
CONFLICT = "rows that say different things of one image"
GENERATED_SHEETS = {"contact_sheet.png", "rejected.png", "interpolation.png", "interpolation_classes.png"}
"""Overview pictures that `ganoscope generate` writes beside its images."""
NO_PATH = "../"
"""Prefix of the keys of rows without a valid path: no path inside the source begins with it."""
MOST_TABLES = 20
"""Largest number of CSV files that are examined; beyond it none is."""


@dataclass(frozen=True, slots=True)
class Row:
    """One image in the CSV; `fault` is the reason why the row can't be used."""

    label: str = ""
    patient: str = ""
    split: str = ""
    modality: str = ""
    view: str = ""
    boxes: tuple[Box, ...] = ()
    mask: str = ""
    anatomy: str = ""
    fault: str = ""


def matches(source: Path) -> bool:
    """Recognises folders with a `manifest.csv`, or with another CSV that has columns for paths and labels."""
    return bool(find_tables(source))


def list_images(source: Path, options: ReadOptions) -> Iterator[SourceImage]:
    """Yields the images in the order of paths, then the rows without an image.

    Raises:
        UserError: The folder is a store, there is not exactly one CSV, or columns are missing or ambiguous.
    """
    table = choose_table(source)
    rows = collect_rows(table)
    others = {mask for row in rows.values() for mask in (row.mask, row.anatomy)} | {table.path.name}
    others |= GENERATED_SHEETS if (source / "provenance.json").exists() else set()
    for found in walk_files(source):
        key = make_key(found.path.relative_to(source).as_posix())
        row = rows.pop(key, None)
        if row:
            yield make_image(source, found, row)
        elif key not in others and (found.fault or is_picture(found.path)):
            yield SourceImage((found.path,), found.name, fault=found.fault or NO_ROW)
    for key, row in rows.items():
        if key.startswith(NO_PATH):
            yield SourceImage((table.path,), key.removeprefix(NO_PATH), fault=row.fault)
        else:
            yield SourceImage((source / key,), escape_unprintable(key), row.label, fault=row.fault or NO_IMAGE)


def make_image(source: Path, found: Found, row: Row) -> SourceImage:
    """Returns an image with the values of its row.

    Args:
        source: Source folder.
        found: File.
        row: Row of the file.
    """
    masks, anatomy = (((source / name,) if name else ()) for name in (row.mask, row.anatomy))
    faults = [found.fault, row.fault, *(find_mask_fault(path, source) for path in (*masks, *anatomy))]
    return SourceImage(
        paths=(found.path,),
        name=found.name,
        label=row.label,
        split=row.split,
        patient=row.patient,
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


def is_picture(path: Path) -> bool:
    """Tells whether a file name has the suffix of a picture or none, as is common for DICOM files."""
    return not path.suffix or path.name.lower().endswith(tuple(suffix for suffix in readers() if suffix))


def find_tables(source: Path) -> list[Path]:
    """Returns `manifest.csv` or, if there is none, the CSV files with columns for paths and labels."""
    root = os.path.realpath(source)
    with os.scandir(source) as entries:
        seen = [entry for entry in entries if not is_hidden(entry.name) and entry.name.lower().endswith(SUFFIXES)]
    names = sorted(entry.name for entry in seen if not find_fault(entry, root))
    if named := [source / name for name in names if name.lower() == NAME]:
        return named
    tables = [source / name for name in names]
    return [path for path in tables if lists_images(path)] if len(tables) <= MOST_TABLES else []


def lists_images(path: Path) -> bool:
    """Tells whether a CSV has columns for paths and for labels."""
    try:
        keys = open_table(path).keys
    except UserError:
        return False
    return all(any(alias in keys for alias in ALIASES[name]) for name in ("path", "label"))


def choose_table(source: Path) -> Table:
    """Returns the one CSV that lists the images.

    Raises:
        UserError: The folder is a store, or there is not exactly one such CSV.
    """
    if (source / "store.json").exists():
        raise UserError(f"{source} is a store already: use it as it is, or name the folder with the source images.")
    found = find_tables(source)
    if len(found) != 1:
        raise UserError(
            f"{source} has no single CSV that lists its images: got {len(found)}; allowed: one, with the columns path "
            f"and label. Rename the right one to {NAME}."
        )
    return open_table(found[0])


def choose_columns(table: Table) -> dict[str, str]:
    """Returns the column names of the table by our names.

    Raises:
        UserError: Columns are missing, ambiguous or misspelt; the message names all of them.
    """
    found = {name: [alias for alias in aliases if alias in table.keys] for name, aliases in ALIASES.items()}
    chosen = {name: name if name in aliases else aliases[0] for name, aliases in found.items() if aliases}
    taken = {alias for aliases in ALIASES.values() for alias in aliases}
    faults = [
        f"{table.path} has several columns for {name}: {show(aliases)}. Rename one of them to {name}."
        for name, aliases in found.items()
        if len(aliases) > 1 and name not in aliases
    ]
    faults += [
        f"{table.path} has no column {name}, but a similar one: {show(close)}. Rename it."
        for name in ALIASES
        if name not in chosen
        and (close := difflib.get_close_matches(name, [key for key in table.keys if key not in taken], 1, TYPING_ERROR))
    ]
    refuse(faults)
    needed = [name for name in ("path", "label") if name not in chosen]
    require_columns(table, needed)
    return chosen


def collect_rows(table: Table) -> dict[str, Row]:
    """Returns the rows by the key of their image; rows without a valid path get a fault and a key of their own.

    Repeated rows count once; contradictory rows give their image a fault.
    """
    columns = choose_columns(table)
    rows: dict[str, Row] = {}
    for number, fields in enumerate(read_rows(table), 1):
        values = {name: fields[key] for name, key in columns.items()}
        fault = find_path_fault(values["path"])
        key = f"{NO_PATH}row {number}" if fault else make_key(values["path"])
        row = Row(fault=fault) if fault else parse_row(values, table)
        rows[key] = row if rows.get(key, row) == row else Row(fault=CONFLICT)
    return rows


def make_key(path: str) -> str:
    r"""Returns the normalised form of a path for comparison: `/` as separator, NFC, no `.` or `..`.

    Example:
        >>> make_key(r".\img\a.png")
        'img/a.png'
    """
    return posixpath.normpath(unicodedata.normalize("NFC", path.replace("\\", "/")))


def find_path_fault(path: str) -> str:
    """Returns the reason why a path in the CSV can't be that of an image in the source, or ""."""
    if not path or "\0" in path:
        return "a row without a path"
    if re.match(r"[A-Za-z]:|[/\\]", path):
        return "an absolute path in the CSV; allowed: paths relative to the CSV"
    if make_key(path).split("/")[0] == "..":
        return "a path in the CSV that leads out of the source folder"
    return ""


def parse_row(values: Mapping[str, str], table: Table) -> Row:
    """Returns the parsed row, with a fault if a value is not allowed."""
    split, view, modality = (values.get(name, "") for name in ("split", "view", "modality"))
    boxes = parse_boxes(values.get("boxes", ""), table)
    masks = {name: values.get(name, "") for name in ("mask", "anatomy")}
    faults = {
        "an unknown split; allowed: train, validation, test or nothing": split and split.lower() not in SPLIT_OF_FOLDER,
        f"an unknown view; allowed: {', '.join(VIEWS.values())} or nothing": view and view.lower() not in VIEWS,
        "an unknown modality; allowed: DICOM's codes, such as CT": not re.fullmatch(r"([A-Za-z]{2,4})?", modality),
        "boxes in another form than 'x y width height; ...'": boxes is None,
        "a mask that is no file in the source folder": any(map(find_path_fault, filter(None, masks.values()))),
    }
    return Row(
        label=values["label"],
        patient=values.get("patient", ""),
        split=SPLIT_OF_FOLDER.get(split.lower(), ""),
        modality=modality.upper(),
        view=VIEWS.get(view.lower(), ""),
        boxes=boxes or (),
        **{name: make_key(mask) for name, mask in masks.items() if mask},
        fault="; ".join(fault for fault, found in faults.items() if found),
    )


def parse_boxes(text: str, table: Table) -> tuple[Box, ...] | None:
    """Returns boxes written as "x y width height; ..."; None if the text has another form."""
    boxes = []
    for part in text.split(";"):
        numbers = [number for word in part.split() if (number := parse_number(word, table)) is not None]
        if len(numbers) != len(part.split()) or len(numbers) not in (0, 4) or any(side <= 0 for side in numbers[2:]):
            return None
        boxes += [(numbers[0], numbers[1], numbers[2], numbers[3])] if numbers else []
    return tuple(boxes)
