"""Layout `folders`, and the walk through a source that all layouts share."""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fixtures.listings import entries, faults, listing

from ganoscope.data.layouts import folders, manifest
from ganoscope.data.picture import ReadOptions
from ganoscope.data.source import walk
from ganoscope.errors import UserError


def test_flat_folder_has_no_labels(make_source):
    source = make_source({"b.png": b"", "a.jpg": b"", "notes.txt": b""})
    assert listing(source) == [("a.jpg", "", ""), ("b.png", "", ""), ("notes.txt", "", "")]


def test_class_folders_give_labels(make_source):
    source = make_source({"sick/1.png": b"", "well/1.png": b"", "stray.png": b""})
    assert listing(source) == [("stray.png", "", ""), ("sick/1.png", "sick", ""), ("well/1.png", "well", "")]


def test_split_folders_give_splits_with_or_without_classes(make_source):
    source = make_source({"train/sick/1.png": b"", "train/2.png": b"", "test/well/3.png": b""})
    assert listing(source) == [
        ("test/well/3.png", "well", "test"),
        ("train/2.png", "", "train"),
        ("train/sick/1.png", "sick", "train"),
    ]


def test_splits_inside_classes_are_understood(make_source):
    source = make_source({"sick/train/1.png": b"", "sick/val/2.png": b"", "well/test/3.png": b""})
    assert listing(source) == [
        ("sick/train/1.png", "sick", "train"),
        ("sick/val/2.png", "sick", "validation"),
        ("well/test/3.png", "well", "test"),
    ]


def test_deepest_folder_is_the_class(make_source):
    source = make_source({"set/Training/2024/glioma/x.png": b""})
    assert listing(source) == [("set/Training/2024/glioma/x.png", "glioma", "train")]


@pytest.mark.parametrize(
    ("folder", "split"),
    [
        ("Training", "train"),
        ("TRAIN", "train"),
        ("trainset", "train"),
        ("Testing", "test"),
        ("test", "test"),
        ("holdout", "test"),
        ("val", "validation"),
        ("Valid", "validation"),
        ("validation", "validation"),
        ("dev", "validation"),
        ("trains", ""),
        ("test results", ""),
    ],
)
def test_split_names_in_use_are_known_whole_and_in_any_case(make_source, folder, split):
    source = make_source({f"{folder}/1.png": b""})
    assert listing(source) == [(f"{folder}/1.png", "" if split else folder, split)]


def test_folders_above_the_source_say_nothing(make_source):
    source = make_source({"1.png": b""}, folder="test/sick")
    assert listing(source) == [("1.png", "", "")]


def test_hidden_files_and_folders_are_skipped(make_source):
    hidden = {
        "Thumbs.db": b"",
        "sick/desktop.ini": b"",
        "__MACOSX/sick/1.png": b"",
        ".DS_Store": b"",
        "sick/._1.png": b"",
        ".ipynb_checkpoints/1.png": b"",
        "sick/.cache/deep/1.png": b"",
    }
    assert listing(make_source({**hidden, "sick/1.png": b""})) == [("sick/1.png", "sick", "")]


def test_order_does_not_depend_on_the_file_system(make_source, monkeypatch):
    names = ["z/1.png", "a/2.png", "a/10.png", "Ä/1.png", "m.png"]
    source = make_source(dict.fromkeys(names, b""))
    expected = listing(source)
    scandir = os.scandir

    class Reversed:
        def __init__(self, path):
            self.entries = sorted(scandir(path), key=lambda entry: entry.name, reverse=True)

        def __enter__(self):
            return iter(self.entries)

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(os, "scandir", Reversed)
    items = folders.list_images(source, ReadOptions())
    assert [(item.name, item.label, item.split) for item in items] == expected
    assert [name for name, *_ in expected] == ["m.png", "a/10.png", "a/2.png", "z/1.png", "Ä/1.png"]


NAMES = [
    "with space.png",
    "'single' \"double\".png",
    "<script>alert(1)</script>",
    "a,b;c.png",
    "胸部 X線.png",
    "=1+1.png",
]


@pytest.mark.parametrize("name", [name.replace("/", "_") for name in NAMES])
def test_odd_names_are_kept_as_they_are(make_source, name):
    source = make_source({f"{name}-class/{name}": b""})
    assert listing(source) == [(f"{name}-class/{name}", f"{name}-class", "")]


@pytest.mark.parametrize(
    ("raw", "shown"), [(b"a\rb.png", r"a\rb.png"), (b"a\nb.png", r"a\nb.png"), (b"a\xff.png", r"a\udcff.png")]
)
def test_names_that_no_text_file_can_hold_are_escaped(tmp_path, raw, shown):
    folder = os.fsencode(tmp_path) + b"/class-" + raw
    Path(os.fsdecode(folder)).mkdir()
    Path(os.fsdecode(folder + b"/" + raw)).write_bytes(b"content")
    (item,) = folders.list_images(tmp_path, ReadOptions())
    assert (item.name, item.label) == (f"class-{shown}/{shown}", f"class-{shown}")
    assert item.path.read_bytes() == b"content"


def test_folder_that_cannot_be_listed_is_an_error_not_a_gap(make_source, monkeypatch):
    source = make_source({"open/1.png": b"", "shut/2.png": b""})
    scandir = os.scandir

    def refuse(path):
        if os.fspath(path).endswith("shut"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(PermissionError, match="shut"):
        list(folders.list_images(source, ReadOptions()))


def test_a_link_inside_the_source_is_a_file_and_any_other_a_fault(make_source, tmp_path):
    source = make_source({"real/1.png": b"", "links/0.png": b""})
    (tmp_path / "outside.png").write_bytes(b"secret")
    (tmp_path / "source-sibling").mkdir()
    (tmp_path / "source-sibling" / "9.png").write_bytes(b"secret")
    links = source / "links"
    (links / "inside.png").symlink_to("../real/1.png")
    (links / "absolute.png").symlink_to(source / "real" / "1.png")
    (links / "twice.png").symlink_to("inside.png")
    (links / "out.png").symlink_to("../../outside.png")
    (links / "sibling.png").symlink_to(tmp_path / "source-sibling" / "9.png")
    (links / "broken.png").symlink_to("nowhere.png")
    (links / "loop.png").symlink_to("loop.png")
    (links / "folder").symlink_to("../real")
    assert faults(entries(source, "folders")) == {
        "links/out.png": walk.OUTSIDE,
        "links/sibling.png": walk.OUTSIDE,
        "links/broken.png": walk.BROKEN,
        "links/loop.png": walk.BROKEN,
        "links/folder": walk.LINKED_FOLDER,
    }
    assert len(entries(source, "folders")) == 10


def test_a_source_that_is_itself_a_link_is_read(make_source, tmp_path):
    source = make_source({"sick/1.png": b""})
    (source / "sick" / "2.png").symlink_to("1.png")
    (tmp_path / "link").symlink_to(source)
    assert listing(tmp_path / "link") == [("sick/1.png", "sick", ""), ("sick/2.png", "sick", "")]
    assert not faults(entries(tmp_path / "link", "folders"))


def test_a_relative_source_is_read_like_an_absolute_one(make_source, monkeypatch):
    source = make_source(
        {"sick/1.png": b"", "masks/1.png": b"", "manifest.csv": b"path,label,mask\nsick/1.png,x,masks/1.png\n"}
    )
    (source / "sick" / "2.png").symlink_to("1.png")
    (source / "sick" / "3.png").symlink_to("../../out.png")
    (source.parent / "out.png").write_bytes(b"")
    monkeypatch.chdir(source.parent)
    relative = Path("source")
    found = faults(folders.list_images(relative, ReadOptions()))
    assert found == {"sick/3.png": walk.OUTSIDE, "manifest.csv": walk.TABLE}
    taken = [item.name for item in manifest.list_images(relative, ReadOptions()) if not item.fault]
    assert taken == ["sick/1.png"]


def test_links_whose_targets_folders_are_links_are_followed_to_their_end(make_source, tmp_path):
    source = make_source({"real/deep/1.png": b"", "links/0.png": b""})
    make_source({"1.png": b""}, folder="elsewhere")
    (source / "near").symlink_to("real")
    (source / "far").symlink_to(tmp_path / "elsewhere")
    (source / "links" / "near.png").symlink_to("../near/deep/1.png")
    (source / "links" / "back.png").symlink_to("../near/deep/../deep/1.png")
    (source / "links" / "far.png").symlink_to("../far/1.png")
    (source / "links" / "self").symlink_to(".")
    assert faults(entries(source, "folders")) == {
        "far": walk.LINKED_FOLDER,
        "near": walk.LINKED_FOLDER,
        "links/far.png": walk.OUTSIDE,
        "links/self": walk.LINKED_FOLDER,
    }


def test_pipes_are_faults_and_are_never_opened(make_source):
    source = make_source({"sick/1.png": b""})
    os.mkfifo(source / "sick" / "pipe.png")
    (source / "sick" / "to-pipe.png").symlink_to("pipe.png")
    expected = {"sick/pipe.png": walk.NOT_REGULAR, "sick/to-pipe.png": walk.NOT_REGULAR}
    assert faults(entries(source, "folders")) == expected


def test_a_walk_within_a_linked_folder_does_not_leave_the_source(make_source, tmp_path):
    source = make_source({"1.png": b""})
    make_source({"a.png": b""}, folder="elsewhere")
    (source / "images").symlink_to(tmp_path / "elsewhere")
    assert [found.fault for found in walk.walk_files(source, "images")] == [walk.LINKED_FOLDER]


DEEP = 450
"""Folders; walking takes the square of it, so that Python's limit of calls is lowered instead."""


@pytest.fixture
def deep_source(tmp_path):
    """A file below more folders than Python may recurse; removed here, because pytest's own cleaning recurses."""
    deep = tmp_path
    for _ in range(DEEP):
        deep = deep / "d"
        deep.mkdir()
    (deep / "1.png").write_bytes(b"")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(DEEP - 50)
    yield tmp_path
    sys.setrecursionlimit(limit)
    subprocess.run(["rm", "-r", tmp_path / "d"], check=True)


def test_folders_nested_deeper_than_python_can_recurse_are_walked(deep_source):
    (item,) = folders.list_images(deep_source, ReadOptions())
    assert item.path.exists()


LETTERS = "abcdefghijklmnopqrstuvwxyz"


def test_more_folders_than_classes_can_be_are_refused_with_the_remedy(make_source):
    source = make_source({f"{a}{b}ro/{k}.png": b"" for a in LETTERS for b in "ae" for k in range(3)})
    with pytest.raises(UserError, match=r"more than 50 folders.*--levels patient.*manifest\.csv"):
        listing(source)


def test_a_folder_for_nearly_every_file_is_refused(make_source):
    with pytest.raises(UserError, match="7 folders for 12 files"):
        listing(make_source({f"{LETTERS[number % 7]}ro/{number}.png": b"" for number in range(12)}))


@pytest.mark.parametrize(("files", "classes"), [(12, 6), (10, 10), (4, 4), (150, 50)])
def test_sets_with_few_files_per_class_are_taken(make_source, files, classes):
    source = make_source({f"c{number % classes}/{number}.png": b"" for number in range(files)})
    assert len({label for _, label, _ in listing(source)}) == classes


@pytest.mark.parametrize(
    "names",
    [
        [f"MUELLER_HANS_19500{n + 100}" for n in range(12)],
        [f"Smith_Jane_1963041{n}" for n in range(5)],
        [f"patient{n:03d}" for n in range(1, 12)],
        [f"patient{n:03d}" for n in range(10)],
        [f"Case-{n}" for n in range(95, 106)],
        [f"A{n}" for n in range(1000, 1010)],
        [f"rabbit {n}" for n in range(20)],
        [f"p{n}" for n in range(7)],
    ],
)
def test_folders_called_as_persons_or_numbered_in_the_hundreds_are_patients_and_never_classes(make_source, names):
    source = make_source({f"{name}/{k}.jpg": b"" for name in names for k in range(3)})
    items = entries(source, "folders")
    assert {item.label for item in items} == {""}
    assert {item.patient for item in items} == set(names)


def test_short_numbers_are_classes_while_they_are_few_and_refused_where_they_could_be_patients(make_source):
    few = make_source({f"{n}/{k}.jpg": b"" for n in range(5) for k in range(3)}, folder="few")
    assert {label for _, label, _ in listing(few)} == set("01234")
    many = make_source({f"{n}/{k}.jpg": b"" for n in range(12) for k in range(3)}, folder="many")
    with pytest.raises(UserError, match=r"could be classes or patients.*--levels"):
        listing(many)


@pytest.mark.parametrize(
    "names",
    [
        [f"class {n}" for n in range(1, 15)],
        [f"finding {letter}" for letter in "abcdefghijkl"],
        [*(f"A{n}" for n in range(1000, 1008)), "well", "sick", "both", "none"],
    ],
)
def test_class_folders_with_short_numbers_or_few_long_ones_are_taken(make_source, names):
    source = make_source({f"{name}/{k}.jpg": b"" for name in names for k in range(3)})
    assert {label for _, label, _ in listing(source)} == set(names)


@pytest.mark.parametrize("name", ["store.json", "images.npy"])
def test_a_folder_with_half_of_what_makes_a_store_is_entered(make_source, name):
    assert not faults(entries(make_source({f"sick/{name}": b"", "sick/1.png": b""}), "folders"))


@given(st.integers(0, 3000), st.integers(1, 600))
def test_a_sample_is_spread_over_the_whole_and_bounded(files, most):
    class Named:
        def __init__(self, name):
            self.name = name

    original = walk.scan
    walk.scan = lambda source: ((Named(number), ()) for number in range(files))
    try:
        sample = walk.sample_names(Path(), most)
    finally:
        walk.scan = original
    assert len(sample) <= most
    steps = {later - earlier for earlier, later in pairwise(sample)}
    assert len(steps) <= 1
    assert files == 0 or files - sample[-1] <= max(steps, default=files)
