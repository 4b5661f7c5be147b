"""Finds the columns of a table that lists images: by their usual names, or as the user states them."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ganoscope.data.picture import TableOptions
from ganoscope.data.tables.column_contents import FILES, find_fits, find_one_hot
from ganoscope.data.tables.label_rules import LabelRule, parse_map
from ganoscope.data.tables.missing_columns import NEAR, explain_missing
from ganoscope.data.tables.person_columns import find_person_columns
from ganoscope.data.tables.source_names import KEYWORDS, SourceNames
from ganoscope.data.tables.text_table import Table, normalise, show
from ganoscope.data.tables.usual_names import ALIASES, KNOWN, fold, list_folded
from ganoscope.errors import UserError, refuse

NEEDED = ("path", "label")
MINOR = ("view", "modality")
"""Columns of which the first known one is taken where there are several."""
TYPING_ERROR = 0.85
"""Similarity from which a column name is assumed to be a misspelt missing column, and refused."""
NO_SOURCE = SourceNames()
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
    present: dict[str, list[str]] = {}
    for key in table.keys:
        present.setdefault(fold(key), []).append(key)
    known = dict.fromkeys(map(fold, ALIASES[name]))
    return [key for alias in known for key in present.get(alias, ())]


def find_stated(table: Table, options: TableOptions) -> dict[str, tuple[str, ...]]:
    """Returns the keys of the columns that the user states, by our names."""
    whole = normalise(options.label_column)
    labels = [options.label_column] if whole in table.keys else options.label_column.split(",")
    texts = {"path": [options.path_column], "label": labels, "patient": [options.patient_column]}
    return {name: tuple(map(normalise, found)) for name, found in texts.items() if any(found)}


def lists_images(table: Table, options: TableOptions, names: SourceNames = NO_SOURCE) -> bool:
    """Tells whether a table has columns that name images and for labels, by their usual names or as stated.

    Args:
        table: Table.
        options: Columns that the user states.
        names: Names in the source, which tell whether columns of patients or studies hold them.
    """
    stated = find_stated(table, options)
    present = all(key in table.keys for keys in stated.values() for key in keys)
    return (
        present
        and ("label" in stated or bool(find_aliases(table, "label")))
        and ("path" in stated or bool(find_aliases(table, "path") or find_keys(table, names)))
    )


def find_keys(table: Table, names: SourceNames) -> list[str]:
    """Returns the columns of patients, studies or series that name files or folders, or hold ids of DICOM headers.

    The narrowest is first. Other columns may fit by chance: the user states them.

    Args:
        table: Table.
        names: Names in the source.
    """
    known = [key for keyword in KEYWORDS.values() for key in table.keys if fold(key) in keyword]
    fits = find_fits(table, names) if known else {}
    return [key for key in known if key in fits]


def choose_columns(table: Table, options: TableOptions, names: SourceNames = NO_SOURCE, labels: bool = True) -> Columns:
    """Returns the columns of a table.

    Args:
        table: Table.
        options: Columns that the user states.
        names: Names in the source, which tell what column holds them.
        labels: Whether the table tells the classes.

    Raises:
        UserError: Columns are missing, ambiguous or misspelt; the message names all of them.
    """
    stated = find_stated(table, options)
    refuse(
        [explain_unknown(table, name, key) for name, keys in stated.items() for key in keys if key not in table.keys]
    )
    skipped = {*stated, *(() if labels else ("label",))}
    found = {name: find_aliases(table, name) for name in ALIASES if name not in skipped}
    if len(found.get("path", ())) > 1 and "path" not in found["path"]:
        fitting = [key for key, fit in find_fits(table, names).items() if fit.what == FILES]
        found["path"] = [key for key in found["path"] if key in fitting] or found["path"]
    if "path" in found and not found["path"]:
        found["path"] = find_keys(table, names)[:1]
    chosen = {name: keys[0] for name, keys in {**found, **stated}.items() if keys}
    ambiguous = {name: keys for name, keys in found.items() if len(keys) > 1 and name not in (*keys, *MINOR)}
    faults = [explain_ambiguous(table, name, keys) for name, keys in ambiguous.items()]
    refuse(faults + find_misspelt(table, chosen))
    if missing := [name for name in NEEDED if name not in chosen and (labels or name != "label")]:
        raise UserError(explain_missing(table, missing, names))
    if "patient" not in chosen:
        within = [key for key, known in find_person_columns(table, list(chosen.values())).items() if known]
        chosen |= dict(zip(["patient"], within, strict=False))
    said = stated.get("label", (chosen.pop("label"),)) if labels else ()
    written = tuple(column for column in table.columns if normalise(column) in said)
    keys = tuple(map(normalise, written))
    usual = list_folded(keys) <= list_folded(ALIASES["label"])
    rule = LabelRule(keys, written, parse_map(options.map), "label" in stated, usual, find_one_hot(table))
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
    taken = set(chosen.values())
    free = [key for key in table.keys if key not in taken and fold(key) not in KNOWN]
    near = {name: difflib.get_close_matches(name, free, 1, TYPING_ERROR) for name in ALIASES if name not in chosen}
    return [
        f"{table.path} has no column {name}, but a similar one: {show(close)}. Rename it."
        for name, close in near.items()
        if close
    ]
