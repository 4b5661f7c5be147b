"""Says what columns a table lacks to list the images of a source, which it has, and how to state them."""

import difflib
from collections.abc import Iterator, Sequence

from ganoscope.data.tables.column_contents import Fit, find_classes, find_codes, find_fits, find_one_hot, name_columns
from ganoscope.data.tables.label_rules import suggest_codes
from ganoscope.data.tables.source_names import SourceNames
from ganoscope.data.tables.text_table import Table, show
from ganoscope.data.tables.usual_names import ALIASES

NEAR = 0.6
"""Similarity from which a column is named as the nearest one."""
SHOWN = 30
"""Most columns that a message lists."""
SHOWN_CLASSES, SHOWN_VALUES = 8, 4


def explain_missing(table: Table, missing: Sequence[str], names: SourceNames, name_table: bool = False) -> str:
    """Returns what columns a table lacks, which it has, and how to state them.

    Args:
        table: Table.
        missing: Our names of the missing columns.
        names: Names in the source.
        name_table: Whether the user must say which table is meant.
    """
    if table.headless and len(table.columns) == 1:
        return f"{explain_headless(table)} It has no column of labels either: nothing of it is needed."
    fits = {name_columns(table, [key])[0]: fit for key, fit in find_fits(table, names).items()}
    if "path" in missing and names.source and not fits:
        return (
            f"{explain_headless(table) if table.headless else table.path} has no column with names of files or folders "
            f"of the source, so that it lists no images. Found: {show_columns(table)} (separator {table.separator!r}, "
            f"encoding {table.encoding})."
        )
    held = {"path": bool(fits), "label": bool(find_classes(table) or find_codes(table))}
    unknown = [name for name in missing if not held[name]]
    lines = [explain_headless(table)] if table.headless else list(tell_columns(table, missing, unknown))
    lines += list(tell_fits(fits)) if "path" in missing else []
    lines += list(tell_labels(table)) if "label" in missing else []
    path = next(iter(fits), "") if "path" in missing else ""
    lines += [give_example(table, path, name_table)] if "label" in missing else []
    return " ".join(lines)


def give_example(table: Table, path: str, name_table: bool) -> str:
    """Returns the remedy: options that state the columns and the classes of a table.

    Args:
        table: Table.
        path: Column that names files or folders; "" if it need not be stated.
        name_table: Whether the user must say which table is meant.
    """
    classes, codes, one_hot = find_classes(table), find_codes(table), ",".join(find_one_hot(table))
    label = next(iter(classes), one_hot or next(iter(codes), "NAME"))
    stated = {"table": table.path.name if name_table else "", "path-column": path, "label-column": label}
    options = " ".join(f"--{option} {quote(name)}" for option, name in stated.items() if name)
    if label == one_hot:
        return f"State them, such as {options}."
    if label in codes:
        return (
            f'State what they mean, such as {options} --map "{suggest_codes(label, codes[label])}"; VALUE= leaves out'
        )
    return f'State it, such as {options}, and --map "VALUE=CLASS,..." for what its values mean.'


def tell_columns(table: Table, missing: Sequence[str], unknown: Sequence[str]) -> Iterator[str]:
    """Yields what columns a table lacks, and which it has instead.

    Args:
        table: Table.
        missing: Our names of the missing columns.
        unknown: Those of them that no column of the table seems to hold.
    """
    yield (
        f"{table.path} lacks columns: {show(missing)}. Found: {show_columns(table)} (separator {table.separator!r}, "
        f"encoding {table.encoding})."
    )
    if unknown:
        listed = "; ".join(f"{name}: {', '.join(ALIASES[name][:12])}" for name in unknown)
        yield f"Needed: {show(unknown)} or another usual name: {listed}."
    for name in missing:
        if near := difflib.get_close_matches(name, table.keys, 1, NEAR):
            yield f"The nearest to {name} is {show(near)}."


def tell_fits(fits: dict[str, Fit]) -> Iterator[str]:
    """Yields which columns name files or folders."""
    for key, fit in fits.items():
        yield f"The column {key!r} holds {fit.tell()}: --path-column {quote(key)}."


def tell_labels(table: Table) -> Iterator[str]:
    """Yields which columns may hold labels."""
    if classes := list(find_classes(table).items())[:SHOWN_CLASSES]:
        listed = ", ".join(
            f"{name!r} ({', '.join(values[:SHOWN_VALUES])}{', ...' * (len(values) > SHOWN_VALUES)})"
            for name, values in classes
        )
        yield f"Columns of a few values, which may be classes: {listed}."
    if codes := find_codes(table):
        yield f"Columns of 1, 0 or -1, one per finding: {show(list(codes))}."
    if one_hot := find_one_hot(table):
        yield f"Each row has one 1 in {show(one_hot)}."


def explain_headless(table: Table) -> str:
    """Returns that a table has no header line, and how its columns are called."""
    called = f" Its columns are called {table.columns[0]} to {table.columns[-1]}." if len(table.columns) > 1 else ""
    return f"{table.path} has no header line: its first line is {show(table.first)}.{called}"


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
    return f'"{name}"' if " " in name or "'" in name else name
