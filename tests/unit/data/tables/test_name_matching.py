"""Names in tables and files: matched with or without folder, ending and case, one to one, never to another's file."""

import pytest

from ganoscope.data.tables.name_matching import Way, is_outside, make_key, match_names, match_rows
from ganoscope.errors import UserError

FILES = ["images/film_000.png", "images/film_001.png", "images/film_002.png"]


@pytest.mark.parametrize(
    "name",
    [
        "images/film_{}.png",
        "film_{}.png",
        "film_{}",
        "images/film_{}",
        "FILM_{}.PNG",
        "film_{}.dcm",
        "other/film_{}.png",
        "CheXpert-v1.0-small/images/film_{}.png",
        "C:\\Users\\me\\data\\film_{}.png",
        "\\\\server\\share\\film_{}.png",
        "/home/me/data/images/film_{}.png",
        "../images/film_{}.png",
    ],
)
def test_names_match_in_every_common_form(name):
    rows = [make_key(name.format(f"{n:03d}")) for n in range(3)]
    assert match_names(rows, FILES).row_of_file == dict(zip(FILES, rows, strict=True))


def test_the_strictest_way_that_matches_most_is_taken():
    found = match_names(["a/1.png", "a/2.png", "b/1.png"], ["a/1.png", "a/2.png", "b/1.png"])
    assert found.way == Way()
    assert match_names(["1", "2"], ["a/1.png", "a/2.png"]).way == Way(1, fold=True, bare=True)
    assert match_names(["a/1.png", "a/2.png"], ["a/1.png", "b/2.png"]).way == Way(parts=1)


def test_endings_and_case_tell_files_apart_where_they_are_all_that_differs():
    files = ["a.png", "a.jpg", "A.png"]
    assert match_names(files, files).row_of_file == {name: name for name in files}


def test_a_missing_film_does_not_take_that_of_another_patient():
    rows = [f"train/patient{p}/study1/view1.jpg" for p in range(4)]
    files = [f"train/patient{p}/study1/view1.jpg" for p in (1, 2, 9)]
    assert set(match_names(rows, files).row_of_file) == {rows[1], rows[2]}
    assert not match_names(rows, ["train/patient9/study1/view1.jpg"]).row_of_file


def test_two_files_of_one_name_are_refused_by_name():
    with pytest.raises(UserError, match=r"rows say film_000, files are images/film_000\.png and other/film_000\.png"):
        match_rows(["film_000"], ["images/film_000.png", "other/film_000.png"], "labels.csv")


def test_masks_are_no_rivals_unless_the_table_lists_them():
    files = ["images/film_000.png", "masks/film_000.png"]
    assert match_rows(["film_000"], files, "labels.csv", masks=files[1:]).row_of_file == {files[0]: "film_000"}
    both = {name: name for name in files}
    assert match_rows(files, files, "labels.csv", masks=files[1:]).row_of_file == both


def test_names_of_no_file_are_refused_by_name():
    with pytest.raises(UserError, match=r"no name in labels\.csv is that of a file: rows say 17, files are a/film"):
        match_rows(["17"], ["a/film.png"], "labels.csv")


def test_no_rows_or_no_files_are_no_fault():
    assert not match_rows([], FILES, "").row_of_file
    assert not match_rows(["a"], [], "").row_of_file


@pytest.mark.parametrize(
    ("path", "outside"), [("a/b", False), ("/a", True), ("C:\\a", True), ("../a", True), ("a/../b", False)]
)
def test_paths_out_of_the_source_are_known(path, outside):
    assert is_outside(path) is outside


def test_rows_may_name_folders():
    rows = [f"set/patient{p}/study1" for p in range(3)]
    files = [f"patient{p}/study1/image{i}.png" for p in range(3) for i in (1, 2)]
    found = match_rows(rows, files, "t.csv").row_of_file
    assert found == {file: f"set/{file.rpartition('/')[0]}" for file in files}


def test_the_deepest_folder_that_is_named_counts():
    found = match_rows(["p1", "p1/late"], ["p1/a.png", "p1/late/b.png", "p2/c.png"], "t.csv").row_of_file
    assert found == {"p1/a.png": "p1", "p1/late/b.png": "p1/late"}


def test_a_folder_name_that_occurs_twice_is_refused():
    with pytest.raises(UserError, match="fit several files"):
        match_rows(["study1"], ["p1/study1/a.png", "p2/study1/a.png"], "t.csv")
