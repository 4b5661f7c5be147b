"""The table of volumes: numbers are numbers, what is unknown stays unknown, and damage is told with the file."""

import math

import pytest

from ganoscope.data.prepare.ingest import SERIES_COLUMNS
from ganoscope.data.store.series_table import NEEDED, SeriesRow, read_series
from ganoscope.errors import UserError
from ganoscope.files.tables import save_csv

ROW = {
    "series": "series-000001",
    "modality": "CT",
    "slices": 3,
    "spacing_between_mm": 2.5,
    "thickness_mm": "",
    "missing": 1,
}


def write(folder, columns=SERIES_COLUMNS, **changes):
    save_csv(
        folder / "series.csv", columns, [{**dict.fromkeys(SERIES_COLUMNS, ""), "order": "position", **ROW, **changes}]
    )


def test_unknown_lengths_and_numbers_of_missing_slices_are_read_as_such(tmp_path):
    assert read_series(tmp_path) == ()
    write(tmp_path, missing="")
    (one,) = read_series(tmp_path)
    assert (one.slices, one.missing, one.spacing_between_mm, one.order) == (3, 0, 2.5, "position")
    assert math.isnan(one.thickness_mm)


def test_tables_without_the_newer_columns_are_read(tmp_path):
    write(tmp_path, NEEDED, thickness_mm=2.0)
    assert read_series(tmp_path) == (SeriesRow("series-000001", "CT", 3, 2.5, 2.0, 1, ""),)


@pytest.mark.parametrize(
    "change",
    [
        {"missing": "x"},
        {"slices": "9" * 5000},
        {"thickness_mm": "0"},
        {"thickness_mm": "inf"},
        {"spacing_between_mm": "-1"},
    ],
)
def test_cells_that_hold_no_such_number_are_damage(tmp_path, change):
    write(tmp_path, **change)
    with pytest.raises(UserError, match=r"series\.csv is damaged"):
        read_series(tmp_path)


@pytest.mark.parametrize("missing", NEEDED)
def test_a_missing_column_is_damage(tmp_path, missing):
    write(tmp_path, [name for name in SERIES_COLUMNS if name != missing])
    with pytest.raises(UserError, match=rf"series\.csv .*no column {missing}"):
        read_series(tmp_path)
