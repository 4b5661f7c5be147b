"""Sequences in file names: told where they are mixed, chosen by name, and known to be MR."""

import pytest

from ganoscope.data.source.entries import SourceImage
from ganoscope.data.source.image_sequences import OTHER_NAME, SequenceWatch

BRATS = [f"p{n}/BraTS_{n}_{kind}.nii.gz" for n in range(3) for kind in ("flair", "t1", "t1ce", "t2")]


def watch(make_source, names, pattern=""):
    source = make_source(dict.fromkeys(names, b""))
    seen = SequenceWatch(source, pattern)
    items = list(seen.pass_on(SourceImage((source / name,), name) for name in names))
    return items, " ".join(seen.tell())


def test_several_sequences_are_told_with_an_option_that_chooses_one(make_source):
    items, told = watch(make_source, BRATS)
    assert "(flair 3, t1 3, t1ce 3, t2 3)" in told
    assert {item.modality for item in items} == {"MR"}
    pattern = told.split('--only-series "')[1].split('"')[0]
    items, told = watch(make_source, BRATS, pattern)
    assert [item.name for item in items if not item.fault] == [name for name in BRATS if "flair" in name]
    assert {item.fault for item in items} == {"", OTHER_NAME}
    assert told == ""


@pytest.mark.parametrize(
    "names",
    [
        [f"sub-0{n}_T1w.nii" for n in range(4)],
        [f"film{n}.png" for n in range(4)],
        ["a_t1.png", "b_t2.png", *(f"film{n}.png" for n in range(9))],
    ],
)
def test_single_sequences_and_chance_names_are_no_mixture(make_source, names):
    assert watch(make_source, names)[1] == ""


def test_dicom_is_chosen_by_its_header(make_source):
    items, _ = watch(make_source, ["a_t1.nii", "a_t2.nii", "b_flair.png", "IM1.dcm", "IM2"], "t1")
    assert [item.fault for item in items] == ["", OTHER_NAME, OTHER_NAME, "", ""]


def test_points_in_time_are_no_modality(make_source):
    items, _ = watch(make_source, ["c_t1.nii", "c_t2.nii"])
    assert {item.modality for item in items} == {""}
