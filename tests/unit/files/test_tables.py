"""Tables: no spreadsheet runs a cell, everything comes back as written, and damage is named by file and line."""

import csv
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganoscope.errors import UserError
from ganoscope.files.tables import append_csv, guard, open_csv, read_csv, read_rows, restore, save_csv


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_csv_comes_back_as_written(tmp_path):
    rows = [{"a": 'x,"y"', "b": "line\nend"}, {"a": "病", "b": "  "}]
    save_csv(tmp_path / "t.csv", ("b", "a"), iter(rows))
    assert (tmp_path / "t.csv").read_text(encoding="utf-8").startswith("b,a\n")
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.DictReader(file)) == rows


def test_csv_is_read_as_it_was_written_and_a_ragged_row_is_named(tmp_path):
    rows = [{"b": "x,\n", "a": "1"}, {"b": "", "a": '"'}]
    save_csv(tmp_path / "t.csv", ("b", "a"), rows)
    assert list(read_csv(tmp_path / "t.csv")) == rows
    with (tmp_path / "t.csv").open("a") as file:
        file.write("alone\n")
    with pytest.raises(UserError, match=r"t.csv is damaged: line 5 has 1 fields, not 2"):
        list(read_csv(tmp_path / "t.csv"))
    (tmp_path / "empty.csv").touch()
    assert list(read_csv(tmp_path / "empty.csv")) == []


def test_csv_rows_that_fail_midway_keep_the_old_file(tmp_path):
    save_csv(tmp_path / "t.csv", ("a",), [{"a": 1}])

    def rows():
        yield {"a": 2}
        raise RuntimeError("source dried up")

    with pytest.raises(RuntimeError):
        save_csv(tmp_path / "t.csv", ("a",), rows())
    assert (tmp_path / "t.csv").read_text() == "a\n1\n"
    assert names(tmp_path) == ["t.csv"]


RISKY = [
    "=1+1",
    "+49 30 1",
    "-a",
    "@sum",
    "\t=1",
    "\r=1",
    "\n=1",
    "=cmd|' /C calc'!A0",
    "\uff1d1",
    "'=1",
    "''@a",
    "-",
    "--5",
]


@pytest.mark.parametrize("cell", RISKY)
def test_no_cell_begins_like_a_formula(tmp_path, cell):
    save_csv(tmp_path / "t.csv", (cell,), [{cell: cell}])
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
        assert [row[0][0] for row in csv.reader(file)] == ["'", "'"]
    assert list(read_csv(tmp_path / "t.csv")) == [{cell: cell}]


@pytest.mark.parametrize("cell", ["-5", "+5", "-0.5", "-.5", "-1e-7", "-inf", "-nan", "x-ray", "'90s", "a=b", ""])
def test_numbers_and_harmless_texts_stay_as_they_are(cell):
    assert guard(cell) == cell
    assert guard(-5.5) == -5.5


@given(st.text())
def test_every_text_comes_back(text):
    assert restore(guard(text)) == text


def test_rows_are_appended_below_one_header(tmp_path):
    path = tmp_path / "history.csv"
    append_csv(path, ("images", "name"), [{"images": 1, "name": "=a"}])
    append_csv(path, ("images", "name"), [{"images": 2}])
    assert path.read_text() == "images,name\n1,'=a\n2,\n"


def test_a_private_table_is_private_from_the_start(tmp_path):
    with open_csv(tmp_path / "key.csv", ("a",), 0o600):
        assert oct(os.stat(tmp_path / ".key.csv.partial").st_mode)[-3:] == "600"  # noqa: PTH116
    assert oct((tmp_path / "key.csv").stat().st_mode)[-3:] == "600"


def test_an_unfinished_row_is_left_out(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3,4")
    assert list(read_csv(tmp_path / "t.csv", unfinished=True)) == [{"a": "1", "b": "2"}]


DAMAGED = {
    "bytes": (b"a,b\n\xff,2\n", "byte 4 is not UTF-8"),
    "quotes": (b'a,b\n"x"y,2\n', "line 2"),
    "no end": (b'a,b\n"x,2\n', "line 2"),
    "endless cell": (b"a,b\n" + b"x" * (2 << 20) + b",2\n", "line 2: field larger"),
    "no column": (b"a,c\n1,2\n", "it has no column b"),
    "twice": (b"a,b,b\n1,2,3\n", "a column is there twice"),
    "empty": (b"", "it has no column a, b"),
}


@pytest.mark.parametrize(("content", "words"), DAMAGED.values(), ids=DAMAGED)
def test_damage_is_named(tmp_path, content, words):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(UserError, match=rf"t\.csv is damaged: {words}"):
        list(read_rows(tmp_path / "t.csv", ("a", "b")))


def test_a_missing_table_and_a_folder_in_its_place_are_told(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    for name, words in (("none.csv", "does not exist"), ("folder.csv", "is a folder")):
        with pytest.raises(UserError, match=rf"{name} {words}"):
            list(read_csv(tmp_path / name))
