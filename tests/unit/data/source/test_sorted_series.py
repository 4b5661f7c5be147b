"""DICOM files sorted into folders: when these are classes."""

import pytest

from ganoscope.data.source.entries import SourceImage
from ganoscope.data.source.sorted_series import NOT_CLASSES, sort_series
from ganoscope.errors import UserError


@pytest.fixture
def sort(make_source):
    """Label, split and patient of each series, given its files by patient, and the lines that are printed."""

    def sort(series, levels=""):
        files = {name: b"" for _, names in series for name in names}
        source = make_source(files)
        entries = [SourceImage(tuple(source / name for name in names), names[0], patient=p) for p, names in series]
        listed = sort_series(source, entries, levels)
        return [(item.label, item.split, item.patient, len(item.paths)) for item in listed], listed.lines

    return sort


def test_names_of_disease_are_classes(sort):
    found, lines = sort([("a", ["normal/1.dcm", "normal/2.dcm"]), ("b", ["pneumonia/1.dcm"])])
    assert found == [("normal", "", "a", 2), ("pneumonia", "", "b", 1)]
    assert lines[0] == "level 1: class (2 folders: normal, pneumonia)"


def test_classes_stand_below_splits_and_above_patients_and_series(sort):
    series = [(f"id{n}", [f"train/{c}/patient{n}/SE0/{k}.dcm" for k in range(2)]) for n, c in enumerate("ab" * 3)]
    series += [("id9", ["test/a/patient9/SE0/0.dcm"])]
    found, _ = sort(series)
    assert {(label, split) for label, split, *_ in found} == {("a", "train"), ("b", "train"), ("a", "test")}


def test_few_folders_with_several_patients_each_are_classes(sort):
    found, _ = sort([(f"p{n}", [f"group {'xy'[n % 2]}/{n}.dcm"]) for n in range(6)])
    assert {label for label, *_ in found} == {"group x", "group y"}


@pytest.mark.parametrize(
    "series",
    [
        [(f"id{n}", [f"{name}/{n}.dcm"]) for n, name in enumerate(("Doe Jane", "Roe Rick", "Poe Edgar"))],
        [("a", ["x/1.dcm"]), ("a", ["y/1.dcm"])],
        [(f"p{n}", [f"berlin/{'uv'[n % 2]}/{n}.dcm", f"paris/{'uv'[n % 2]}/{n}.dcm"]) for n in range(8)],
    ],
)
def test_folders_that_may_be_patients_or_series_are_none_and_it_is_said(sort, series):
    found, lines = sort(series)
    assert {label for label, *_ in found} == {""}
    assert NOT_CLASSES in lines


@pytest.mark.parametrize(
    "names",
    [
        [f"TCGA-17-Z0{n:02d}/{c}/1.dcm" for n in range(4) for c in ("contrast", "noncontrast")],
        [f"LIDC-IDRI-{n:04d}/01-01-2000-30178/3000566.000000-03192/1-{n}.dcm" for n in range(4)],
        [f"{n}/study/{k}.dcm" for n in (1234567, 1234568) for k in range(3)],
    ],
)
def test_folders_of_patients_and_studies_are_no_classes(sort, names):
    found, _ = sort([(name.split("/")[0], [name]) for name in names])
    assert {label for label, *_ in found} == {""}


def test_what_is_stated_counts_and_its_patient_goes_before_the_header(sort):
    found, _ = sort([("same", [f"{c}/P{n}/{n}.dcm"]) for n, c in enumerate("xyxy")], levels="class/patient")
    assert [item[:3] for item in found] == [("x", "", "P0"), ("y", "", "P1"), ("x", "", "P2"), ("y", "", "P3")]
    with pytest.raises(UserError, match="more levels"):
        sort([("same", ["a/1.dcm"])], levels="class/patient/study")


def test_the_header_names_the_patient_and_the_folder_only_where_the_header_does_not(sort):
    found, _ = sort([("", ["normal/patient1/1.dcm"]), ("id", ["tumour/patient2/2.dcm"])])
    assert [item[2] for item in found] == ["patient1", "id"]


def test_a_series_in_folders_of_two_classes_is_divided(sort):
    found, _ = sort([("a", ["normal/1.dcm", "tumour/2.dcm", "normal/3.dcm"])])
    assert found == [("normal", "", "a", 2), ("tumour", "", "a", 1)]
