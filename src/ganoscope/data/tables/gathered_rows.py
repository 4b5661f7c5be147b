"""The rows of all tables of a source by the name of their image: repeated ones merged, contradictory ones told."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ganoscope.data.picture import TableOptions
from ganoscope.data.tables.column_names import choose_columns
from ganoscope.data.tables.label_rules import LabelRule, refuse_unclear
from ganoscope.data.tables.name_matching import make_key
from ganoscope.data.tables.source_names import SourceNames
from ganoscope.data.tables.table_rows import Row, parse_row
from ganoscope.data.tables.text_table import Table, read_rows

NO_PATH = "a row without a path"
CONFLICT = "rows that say different things of one image"
OFTEN, OFTEN_SHARE = 10, 0.1
"""From this number and share of images with different labels in several rows, a table lists findings, not classes."""


def collect_rows(
    tables: Sequence[tuple[Table, str]], options: TableOptions, names: SourceNames, labels: bool = True
) -> tuple[dict[str, Row], dict[str, str]]:
    """Returns the rows by the name of their image, and the names of the columns of the first table by our names.

    Repeated rows count once; contradictory rows give their image a fault.

    Args:
        tables: Tables, and the split that the name of each states.
        options: How tables are read.
        names: Names in the source.
        labels: Whether the tables tell the classes.

    Raises:
        UserError: Columns are missing or ambiguous, or labels have no clear meaning.
    """
    rows: dict[str, Row] = {}
    chosen = [choose_columns(table, options, names, labels) for table, _ in tables]
    for (table, split), columns in zip(tables, chosen, strict=True):
        for number, fields in enumerate(read_rows(table), 1):
            cells = {name: fields[key] for name, key in columns.keys.items()}
            row = replace(parse_row(cells, table, split), values=columns.rule.read(fields), number=number)
            path = "" if "\0" in cells["path"] else cells["path"]
            key = make_key(path) if path else f"{NO_PATH} {table.path.name} {number}"
            row = row if path else Row(fault=NO_PATH, number=number)
            rows[key] = merge(rows[key], row, columns.rule) if key in rows else row
    written = {
        name: dict(zip(tables[0][0].keys, tables[0][0].columns, strict=True))[key]
        for name, key in chosen[0].keys.items()
    }
    if labels:
        written["class"] = ", ".join(chosen[0].rule.names)
    return add_labels(rows, chosen[0].rule, tables[0][0].path.name), written


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
