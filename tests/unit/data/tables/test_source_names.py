"""Names in a source: pictures alone are files, headers alone give ids, and a damaged file gives none."""

import numpy as np
import pytest
from tests.fixtures.dicom_files import CT, write

from ganoscope.data.source.entries import SourceImage
from ganoscope.data.tables.source_names import SourceNames, match_headers, match_ids


@pytest.fixture
def source(tmp_path):
    for number in range(3):
        write(tmp_path / f"1.2.{number}", np.zeros((4, 4), np.uint16), **CT, PatientID=f"00{number + 7}")
    for name, content in {"DICOMDIR": b"", "t.csv": b"a,b\n", "notes.md": b"", "cut": b"\0" * 128 + b"DICM"}.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_files_are_those_that_may_be_pictures(source):
    assert SourceNames(source).files == ["1.2.0", "1.2.1", "1.2.2", "cut"]
    assert SourceNames().files == []


def test_ids_come_from_sound_headers(source):
    assert SourceNames(source).ids["PatientID"] == {"007", "008", "009"}
    assert not SourceNames(source).ids["AccessionNumber"]


def test_every_file_of_a_series_gets_its_row(source):
    paths = [source / f"1.2.{number}" for number in range(3)]
    series = [SourceImage((paths[0], source / "cut"), "1.2.0"), SourceImage((paths[1],), "1.2.1")]
    found = match_headers(["7", "8", "99"], series, source)
    assert (found.by, found.row_of_file) == ("PatientID", {"1.2.0": "7", "cut": "7", "1.2.1": "8"})
    assert not match_headers(["99"], series, source).row_of_file


@pytest.mark.parametrize(
    ("rows", "ids", "found"),
    [
        (["a1"], ["A1"], {"A1": "a1"}),
        (["7.0"], ["007"], {"007": "7.0"}),
        (["7", "07"], ["007"], {}),
        (["7", "07"], ["07"], {"07": "07"}),
        (["1.2.3"], ["1.2.30"], {}),
    ],
)
def test_ids_are_loosened_only_where_that_is_one_to_one(rows, ids, found):
    assert match_ids(rows, ids) == found
