"""Classes in names of files: by the stated pattern, or pointed out where they seem to be some."""

from pathlib import Path

import pytest

from ganoscope.data.source.entries import SourceImage
from ganoscope.data.source.named_classes import NamedClasses, compile_classes
from ganoscope.errors import UserError


def read(names, pattern="", **fields):
    watch = NamedClasses(pattern)
    images = list(watch.pass_on(SourceImage((Path(name),), name, **fields) for name in names))
    return [image.label for image in images], list(watch.tell())


NAMES = [f"Pneumonia set/{c}_{n}.png" for c in ("normal", "abnormal") for n in range(3)]


def test_the_pattern_that_is_suggested_takes_the_classes():
    labels, (hint,) = read(NAMES)
    assert labels == [""] * 6
    pattern = hint.partition("--class-pattern '")[2].rstrip("'")
    assert read(NAMES, pattern)[0] == ["normal"] * 3 + ["abnormal"] * 3


@pytest.mark.parametrize(
    ("names", "label"),
    [
        ([f"normal_{n}.png" for n in range(6)], ""),
        ([f"{c}_{n}.png" for c in ("covid", "non-covid", "pneumonia") for n in range(6)], ""),
        ([f"scan_{n}.png" for n in range(6)] + NAMES, ""),
        (["normal.png", "tumour.png"], ""),
        (NAMES, "known"),
    ],
    ids=["one class", "a word that is denied", "half of the names", "one file each", "classes that are known"],
)
def test_other_names_are_not_pointed_out(names, label):
    assert read(names, label=label)[1] == []


def test_the_pattern_sees_the_whole_path_and_goes_before_other_classes():
    labels, told = read(["a/well/1.png", "b/ill/2.png", "b/3.png"], r"^\w/(\w+)/|(never)", label="folder")
    assert labels == ["well", "ill", ""]
    assert told == ["--class-pattern matched 2 of 3 images: well 1, ill 1"]


def test_a_pattern_that_matches_nothing_or_is_none_is_refused():
    with pytest.raises(UserError, match=r"matches none of 6 images: got \(covid\)"):
        read(NAMES, "(covid)")
    for pattern, fault in {"(": "no valid|not a valid", "covid": "no group"}.items():
        with pytest.raises(UserError, match=fault):
            compile_classes(pattern)
