"""Folders: labels and splits from their names, every file once, in a stable order, whatever it is called."""

import os
from pathlib import Path

import pytest

from ganoscope.data.layouts import find_layout, folders


def listing(source):
    layout = find_layout(source)
    assert layout.matches(source)
    return [(item.name, item.label, item.split) for item in layout.list_images(source)]


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
def test_split_names_in_use_are_known_whole_and_in_any_case(folder, split):
    assert folders.read_folder_names((folder,)) == (split, "" if split else folder)


def test_folders_above_the_source_say_nothing(make_source):
    source = make_source({"1.png": b""}, folder="test/sick")
    assert listing(source) == [("1.png", "", "")]


def test_hidden_files_and_folders_are_skipped(make_source):
    hidden = {".DS_Store": b"", "sick/._1.png": b"", ".ipynb_checkpoints/1.png": b"", "sick/.cache/deep/1.png": b""}
    assert listing(make_source({**hidden, "sick/1.png": b""})) == [("sick/1.png", "sick", "")]


def test_order_does_not_depend_on_the_file_system(make_source, monkeypatch):
    names = ["z/1.png", "a/2.png", "a/10.png", "Ä/1.png", "m.png"]
    source = make_source(dict.fromkeys(names, b""))
    expected = listing(source)
    walk = os.walk

    def shuffled_walk(top, **options):
        for folder, subfolders, files in walk(top, **options):
            subfolders.sort(reverse=True)
            yield folder, subfolders, sorted(files, reverse=True)

    monkeypatch.setattr(os, "walk", shuffled_walk)
    assert listing(source) == expected
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
    (item,) = folders.list_images(tmp_path)
    assert (item.name, item.label) == (f"class-{shown}/{shown}", f"class-{shown}")
    assert item.path.read_bytes() == b"content"


def test_folder_that_cannot_be_listed_is_an_error_not_a_gap(make_source, monkeypatch):
    source = make_source({"open/1.png": b"", "shut/2.png": b""})
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("shut"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(PermissionError, match="shut"):
        list(folders.list_images(source))
