"""Lists of names beside the images are their official splits; nothing else is taken for one."""

import pytest

from ganoscope.data.layouts import folders
from ganoscope.data.picture import ReadOptions
from ganoscope.data.tables.split_lists import READ, find_split_lists

NAMES = [f"{n:04d}.png" for n in range(6)]


@pytest.fixture
def read(make_source):
    def read_source(lists, folder="images"):
        texts = {name: text.encode() for name, text in lists.items()}
        return make_source({**{f"{folder}/{name}": b"" for name in NAMES}, **texts})

    return read_source


def splits(source):
    return [find_split_lists(source).splits.get(f"images/{name}", "") for name in NAMES]


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        (
            {"train_val_list.txt": "\n".join(NAMES[:4]), "test_list.txt": "\n".join(NAMES[4:])},
            "train train train train test test",
        ),
        (
            {"ImageSets/trainval.txt": "0000\n0001\n0002\n", "ImageSets/val.txt": "0002\n"},
            "train train validation",
        ),
        ({"test.txt": "7 0000.png pneumonia cohen\n8 0001.png normal rsna\n"}, "test test"),
        (
            {"x-split.csv": "dicom_id,split\n0000,train\n0001,validate\n0002,test\n"},
            "train validation test",
        ),
    ],
)
def test_lists_give_splits(read, lists, expected):
    found = expected.split()
    assert splits(read(lists)) == found + [""] * (6 - len(found))


@pytest.mark.parametrize(
    "lists",
    [
        {"test_notes.txt": "these were tested\non a scanner\n"},
        {"list.txt": "\n".join(NAMES)},
        {"train.txt": ""},
        {"train.csv": "path,label\n0000.png,a\n"},
    ],
)
def test_other_texts_are_no_lists(read, lists):
    assert find_split_lists(read(lists)).lists == frozenset()


def test_a_file_in_two_lists_has_no_split(read):
    found = find_split_lists(read({"train.txt": "0000.png\n0001.png\n", "test.txt": "0001.png\n"}))
    assert found.splits == {"images/0000.png": "train"}
    assert found.lines[-1].endswith("left without one: 1")


def test_images_get_them_where_the_source_states_no_other(read):
    source = read({"test.txt": "0000.png\n"}, folder="train")
    images = folders.list_images(source, ReadOptions())
    found = {item.name: (item.split, item.fault) for item in find_split_lists(source).apply(source, images)}
    assert found["train/0000.png"] == ("train", "")
    assert found["test.txt"][1] == READ
