"""Tables of the analysis: what is written is read back, and a damaged one is refused."""

from dataclasses import dataclass

import pytest

from ganoscope.errors import UserError
from ganoscope.files.records import Number
from ganoscope.studies.analysis.kept_tables import KeptTable


@dataclass(frozen=True)
class Row:
    name: str
    images: int
    value: Number


def test_rows_are_read_back_and_a_damaged_table_is_refused(tmp_path):
    table, rows = KeptTable("rows.csv", Row), [Row("a", 3, 0.25), Row("b, c", 0, -1.5)]
    table.save(tmp_path, iter(rows))
    assert (tmp_path / "rows.csv").read_text().splitlines()[0] == "name,images,value"
    assert table.read(tmp_path) == rows
    (tmp_path / "rows.csv").write_text("name,images\na,3\n")
    with pytest.raises(UserError, match=r"rows\.csv"):
        table.read(tmp_path)
