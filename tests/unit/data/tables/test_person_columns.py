"""Ids of lesions and persons in tables: images of one stay together, or the user learns which column to state."""

import pytest

from ganoscope.data.layouts import manifest
from ganoscope.data.picture import ReadOptions


def read(make_source, header, rows, **options):
    text = "\n".join([header, *rows])
    source = make_source({"t.csv": text.encode(), **{f"{n}.png": b"" for n in range(len(rows))}})
    listed = manifest.list_images(source, ReadOptions(**options))
    return [item.patient for item in listed if not item.fault], "\n".join(listed.lines)


@pytest.mark.parametrize("column", ["lesion_id", "StudyInstanceUID", "study id"])
def test_ids_that_belong_to_one_person_keep_images_together(make_source, column):
    rows = [f"{n}.png,{'ab'[n % 2]},L{n // 2}" for n in range(8)]
    patients, lines = read(make_source, f"path,label,{column}", rows)
    assert patients == [f"L{n // 2}" for n in range(8)]
    assert f"images with one {column!r} stay in one split" in lines
    patients, lines = read(make_source, f"path,label,{column}", rows, patient_column=column)
    assert patients[0] == "L0"
    assert "stay in one split" not in lines


def test_patients_go_before_lesions(make_source):
    rows = [f"{n}.png,a,L{n // 2},P{n // 4}" for n in range(9)]
    patients, lines = read(make_source, "path,label,lesion_id,patient_id", rows)
    assert patients == [f"P{n // 4}" for n in range(9)]
    assert "warning" not in lines


@pytest.mark.parametrize(("column", "option"), [("Donor No", '"Donor No"'), ("anon_person_id", "anon_person_id")])
def test_other_ids_that_repeat_are_named(make_source, column, option):
    rows = [f"{n}.png,a,x{n // 3}" for n in range(12)]
    patients, lines = read(make_source, f"path,label,{column}", rows)
    assert set(patients) == {""}
    assert f"give --patient-column {option}" in lines


@pytest.mark.parametrize(("column", "value"), [("patient_age", "{half}"), ("lesion_id", "{n}"), ("case", "{odd}")])
def test_ages_unique_ids_and_two_values_are_no_ids_of_persons(make_source, column, value):
    rows = [f"{n}.png,a,{value.format(n=n, half=n // 2, odd=n % 2)}" for n in range(12)]
    patients, lines = read(make_source, f"path,label,{column}", rows)
    assert set(patients) == {""}
    assert "warning" not in lines
