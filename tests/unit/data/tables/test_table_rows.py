"""Cells of a table: parsed or refused, and what is dropped is known."""

import pytest

from ganoscope.data.tables.table_rows import parse_boxes, parse_row
from ganoscope.data.tables.text_table import Table


@pytest.fixture
def table(tmp_path):
    return Table(tmp_path / "t.csv", "utf-8", ",", ("path", "label"))


@pytest.mark.parametrize(
    ("cells", "kept", "dropped"),
    [
        ({"view": "pa", "modality": "dx"}, ("PA", "DX"), ""),
        ({"view": "p.a.", "modality": "dx"}, ("PA", "DX"), ""),
        ({"view": "sunny side", "modality": "CT"}, ("", "CT"), "sunny side"),
        ({"view": "AP Supine", "modality": "Doe^John"}, ("AP Supine", ""), "Doe^John"),
        ({}, ("", ""), ""),
    ],
)
def test_a_dropped_text_is_remembered(table, cells, kept, dropped):
    row = parse_row(cells, table, "train")
    assert (row.view, row.modality) == kept
    assert (row.dropped, row.split, row.fault) == (dropped, "train", "")


def test_boxes_need_four_numbers(table):
    assert parse_boxes("1 2 3 4; 5 6 7.5 8", table) == ((1, 2, 3, 4), (5, 6, 7.5, 8))
    assert parse_boxes("1 2 3", table) is None
