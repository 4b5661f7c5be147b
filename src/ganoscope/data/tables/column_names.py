"""Finds the columns of a table that lists images: by their usual names, or as the user states them."""

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from ganoscope.data.picture import TableOptions
from ganoscope.data.readers import drop_ending
from ganoscope.data.tables.label_rules import LabelRule, parse_map
from ganoscope.data.tables.name_matching import Way, make_key
from ganoscope.data.tables.person_columns import find_person_columns
from ganoscope.data.tables.text_table import Table, normalise, read_rows, show
from ganoscope.errors import UserError, refuse

ALIASES = {
    "path": (
        *("path", "filename", "file", "image", "file_name", "filepath", "file_path", "image_path", "image_file", "img"),
        *("image_index", "image_id", "imageid", "id_code", "dicom_id", "image_name", "imagename", "x_ray_image_name"),
        *("image_filename", "imagefile", "img_path", "img_name", "isic_id"),
    ),
    "label": (
        *("label", "class", "target", "category", "labels", "classes", "class_name"),
        *("diagnosis", "finding", "findings", "finding_labels", "disease", "pathology", "dx"),
    ),
    "patient": (
        *("patient", "patient_id", "patientid", "subject", "subject_id", "subjectid", "participant_id"),
        *("participant", "person_id", "case_id", "pid"),
    ),
    "split": ("split", "set", "subset", "partition", "part", "dataset_type"),
    "modality": ("modality",),
    "view": ("view", "view_position", "viewposition", "position", "projection", "ap/pa", "frontal/lateral"),
    "boxes": ("boxes", "box", "bbox", "bboxes"),
    "mask": ("mask", "mask_path", "segmentation"),
    "anatomy": ("anatomy", "anatomy_mask", "lung_mask", "lungs", "organ_mask", "body_mask"),
}
NEEDED = ("path", "label")
MINOR = ("view", "modality")
"""Columns of which the first known one is taken where there are several."""
TYPING_ERROR = 0.85
"""Similarity from which a column name is assumed to be a misspelt missing column, and refused."""
NEAR = 0.6
"""Similarity from which a column is named as the nearest one."""
LOOKED_AT = 300
"""Number of rows whose names are compared with files to tell which column holds them."""
FITTING_SHARE = 0.5
"""Share of the names in a column that must be those of files, so that it lists them."""
SHOWN = 30
"""Most columns that a message lists."""
OPTION_OF = {"path": "--path-column", "label": "--label-column", "patient": "--patient-column"}


@dataclass(frozen=True)
class Columns:
    """The columns of a table that lists images.

    Attributes:
        keys: Key of the column by our name, without the label.
        rule: How an image gets its class.
    """

    keys: Mapping[str, str]
    rule: LabelRule


def find_aliases(table: Table, name: str) -> list[str]:
    """Returns the keys of the columns that are known to hold what we call `name`, in the order of their usual names."""
    return [alias for alias in ALIASES[name] if alias in table.keys]


def find_stated(table: Table, options: TableOptions) -> dict[str, tuple[str, ...]]:
    """Returns the keys of the columns that the user states, by our names."""
    whole = normalise(options.label_column)
    labels = [options.label_column] if whole in table.keys else options.label_column.split(",")
    texts = {"path": [options.path_column], "label": labels, "patient": [options.patient_column]}
    return {name: tuple(map(normalise, found)) for name, found in texts.items() if any(found)}


def lists_images(table: Table, options: TableOptions) -> bool:
    """Tells whether a table has columns for paths and for labels, by their usual names or as stated."""
    stated = find_stated(table, options)
    return all(all(key in table.keys for key in stated.get(name, ())) for name in stated) and all(
        name in stated or find_aliases(table, name) for name in NEEDED
    )


def choose_columns(table: Table, options: TableOptions, files: Collection[str] = ()) -> Columns:
    """Returns the columns of a table.

    Args:
        table: Table.
        options: Columns that the user states.
        files: Paths of the files of the source, which tell what column holds their names.

    Raises:
        UserError: Columns are missing, ambiguous or misspelt; the message names all of them.
    """
    stated = find_stated(table, options)
    refuse(
        [explain_unknown(table, name, key) for name, keys in stated.items() for key in keys if key not in table.keys]
    )
    found = {name: find_aliases(table, name) for name in ALIASES if name not in stated}
    if len(found.get("path", ())) > 1 and "path" not in found["path"]:
        fitting = count_fits(table, files)
        found["path"] = [key for key in found["path"] if key in fitting] or found["path"]
    chosen = {name: keys[0] for name, keys in {**found, **stated}.items() if keys}
    ambiguous = {name: keys for name, keys in found.items() if len(keys) > 1 and name not in (*keys, *MINOR)}
    faults = [explain_ambiguous(table, name, keys) for name, keys in ambiguous.items()]
    refuse(faults + find_misspelt(table, chosen))
    if missing := [name for name in NEEDED if name not in chosen]:
        raise UserError(explain_missing(table, missing, files))
    if "patient" not in chosen:
        within = [key for key, known in find_person_columns(table, list(chosen.values())).items() if known]
        chosen |= dict(zip(["patient"], within, strict=False))
    labels = stated.get("label", (chosen.pop("label"),))
    names = tuple(column for column in table.columns if normalise(column) in labels)
    keys = tuple(map(normalise, names))
    usual = set(keys) <= set(ALIASES["label"])
    rule = LabelRule(keys, names, parse_map(options.map), "label" in stated, usual, find_one_hot(table))
    return Columns({name: key for name, key in chosen.items() if name != "label"}, rule)


def explain_unknown(table: Table, name: str, key: str) -> str:
    """Returns the fault of a stated column that the table lacks.

    Args:
        table: Table.
        name: Our name of the column.
        key: Normalised name that the user stated.
    """
    near = difflib.get_close_matches(key, table.keys, 1, NEAR)
    hint = f" The nearest is {show(near)}." if near else ""
    return f"{OPTION_OF[name]} names no column of {table.path.name}: got {key!r}; allowed: {show(table.columns)}.{hint}"


def explain_ambiguous(table: Table, name: str, keys: Sequence[str]) -> str:
    """Returns the fault of a table with several columns for one thing.

    Args:
        table: Table.
        name: Our name of the thing.
        keys: Names of the columns.
    """
    remedy = f"Rename one of them to {name}" + (f", or give {OPTION_OF[name]}." if name in OPTION_OF else ".")
    return f"{table.path} has several columns for {name}: {show(keys)}. {remedy}"


def find_misspelt(table: Table, chosen: Mapping[str, str]) -> list[str]:
    """Returns a fault for every missing column that a column of no known name resembles.

    Args:
        table: Table.
        chosen: Columns that were found, by our names.
    """
    taken = {alias for aliases in ALIASES.values() for alias in aliases} | set(chosen.values())
    free = [key for key in table.keys if key not in taken]
    near = {name: difflib.get_close_matches(name, free, 1, TYPING_ERROR) for name in ALIASES if name not in chosen}
    return [
        f"{table.path} has no column {name}, but a similar one: {show(close)}. Rename it."
        for name, close in near.items()
        if close
    ]


def explain_missing(table: Table, missing: Sequence[str], files: Collection[str]) -> str:
    """Returns what columns a table lacks, which it has, and how to state them.

    Args:
        table: Table.
        missing: Our names of the missing columns.
        files: Paths of the files of the source.
    """
    if looks_headless(table):
        return explain_headless(table)
    if "path" in missing and files and not count_fits(table, files):
        return (
            f"{table.path} has no column with names of files of the source, so that it lists no images. Found: "
            f"{show_columns(table)} (separator {table.separator!r}, encoding {table.encoding})."
        )
    lines = [
        f"{table.path} lacks columns: {show(missing)}. Found: {show_columns(table)} (separator {table.separator!r}, "
        f"encoding {table.encoding}). Needed: {' and '.join(show([name]) for name in missing)} or another usual name: "
        + "; ".join(f"{name}: {', '.join(ALIASES[name][:12])}" for name in missing)
        + "."
    ]
    for name in missing:
        near = difflib.get_close_matches(name, table.keys, 1, NEAR)
        lines += [f"The nearest to {name} is {show(near)}."] if near else []
    if "path" in missing:
        fits = count_fits(table, files)
        lines += [
            f"The column {key!r} holds the names of {count} files: --path-column {quote(key)}."
            for key, count in fits.items()
        ]
    if "label" in missing:
        codes, one_hot = find_codes(table), find_one_hot(table)
        lines += [f"Columns of 1, 0 or -1, one per finding: {show(codes)}."] if codes else []
        lines += [f"Each row has one 1 in them: --label-column {quote(','.join(one_hot))}."] if one_hot else []
        lines += ['State it: --label-column NAME, and --map "VALUE=CLASS,..." for what its values mean; or rename it.']
    return " ".join(lines)


def explain_headless(table: Table) -> str:
    """Returns what a table without a header lacks; one of a single column holds no labels, and is not needed."""
    fault = f"{table.path} has no header line: its first line is {show(table.columns)}."
    if len(table.columns) == 1:
        return f"{fault} It has no column of labels either: nothing of it is needed."
    more = "".join(f",column{number}" for number in range(3, len(table.columns) + 1))
    return (
        f"{fault} For it to be read, put a line with the names of its {len(table.columns)} columns before it, such as "
        f"path,label{more}, where path holds the names of files or of their folders."
    )


def show_columns(table: Table) -> str:
    """Returns the column names for a message; of very many, the first ones."""
    more = f" and {len(table.columns) - SHOWN} more" if len(table.columns) > SHOWN else ""
    return show(table.columns[:SHOWN]) + more


def quote(name: str) -> str:
    """Returns a name for the command line.

    Example:
        >>> quote("Image Index"), quote("id")
        ('"Image Index"', 'id')
    """
    return f'"{name}"' if " " in name else name


def looks_headless(table: Table) -> bool:
    """Tells whether the first line holds data: a number, or the path of a picture or a folder."""
    return any(
        column.replace(".", "", 1).lstrip("-").isdigit() or column.endswith("/") or drop_ending(column) != column
        for column in table.columns
    )


def count_fits(table: Table, files: Collection[str]) -> dict[str, int]:
    """Returns the columns that hold names of files, with the number of them in the first rows, best first.

    Args:
        table: Table.
        files: Paths of the files of the source.
    """
    way = Way(parts=1, fold=True, bare=True)
    stems = {way.reduce(file) for file in files}
    rows = list(islice(read_rows(table), LOOKED_AT))
    counts = {}
    for key in table.keys:
        names = {way.reduce(make_key(row[key])) for row in rows if row[key]}
        found = len(names & stems)
        if found and found >= FITTING_SHARE * min(len(names), len(stems)):
            counts[key] = found
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def find_codes(table: Table) -> list[str]:
    """Returns the columns whose first rows hold nothing but 1, 0, -1 and empty fields."""
    rows = list(islice(read_rows(table), LOOKED_AT))
    allowed = {"1", "0", "-1", "1.0", "0.0", "-1.0", ""}
    kinds = {column: {row[normalise(column)] for row in rows} for column in table.columns}
    return [column for column, found in kinds.items() if found <= allowed and found & {"1", "1.0"}]


def find_one_hot(table: Table) -> tuple[str, ...]:
    """Returns the columns of which each of the first rows has a 1 in exactly one, and 0 in the others; () if none."""
    rows = list(islice(read_rows(table), LOOKED_AT))
    kinds = {column: {row[normalise(column)] for row in rows} for column in table.columns}
    codes = [column for column, found in kinds.items() if found <= {"1", "0", "1.0", "0.0"}]
    single = all(sum(float(row[normalise(column)]) for column in codes) == 1.0 for row in rows)
    return tuple(codes) if single and len(codes) > 1 else ()
