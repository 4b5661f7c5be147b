"""Tables without classes: what they say is taken, contradictory rows are left, and other tables stay aside."""

import pytest

from ganoscope.data.layouts import folders
from ganoscope.data.picture import ReadOptions
from ganoscope.data.prepare.facts import table_details
from ganoscope.data.prepare.facts.table_details import USED, find_details

FILES = {f"{c}/{n}.png": b"" for c in ("normal", "tumour") for n in range(c == "tumour", 8, 2)}


@pytest.fixture
def list_images(make_source):
    def list_all(table, **options):
        source = make_source({**FILES, "t.csv": table.encode()})
        read = ReadOptions(**options)
        details = find_details(source, read)
        listed = details.apply(source, folders.list_images(source, read), read.levels)
        return {image.name: image for image in listed}, list(details.tell())

    return list_all


def test_patients_views_and_splits_are_taken_and_the_class_is_that_of_the_folder(list_images):
    rows = "".join(f"{n}.png,p{n // 2},PA,{('train', 'test')[n > 5]},CT\n" for n in range(8))
    images, told = list_images(f"file,patient,view,split,modality\n{rows}")
    image = images["tumour/7.png"]
    assert (image.label, image.patient, image.view, image.split, image.modality) == ("tumour", "p3", "PA", "test", "CT")
    assert images["t.csv"].fault == USED
    assert told == [
        "t.csv: patient from 'patient', split from 'split', modality from 'modality', view from 'view'; 8 of 8 rows "
        "match one of 8 files each"
    ]


def test_contradictory_rows_are_left_and_counted(list_images):
    rows = "".join(f"{n}.png,p{n}\n" for n in range(8))
    images, told = list_images(f"file,patient\n{rows}3.png,other\n")
    assert images["tumour/3.png"].patient == ""
    assert images["tumour/5.png"].patient == "p5"
    assert told[-1].endswith("left without: 1")


def test_levels_of_patients_go_before(list_images):
    rows = "".join(f"{n}.png,p{n}\n" for n in range(8))
    images, _ = list_images(f"file,patient\n{rows}", levels="patient")
    assert images["tumour/3.png"].patient == "tumour"


@pytest.mark.parametrize(
    "table",
    [
        "file,age\n" + "".join(f"{n}.png,40\n" for n in range(8)),
        "file,patient\n" + "".join(f"x{n}.png,p\n" for n in range(8)),
        "file,patient,label\n" + "".join(f"{n}.png,p,x\n" for n in range(8)),
        "patient,age\n" + "".join(f"{n},40\n" for n in range(8)),
    ],
    ids=["nothing known", "other images", "classes", "names alone"],
)
def test_other_tables_are_left(list_images, table):
    images, told = list_images(table)
    assert not told
    assert not any(image.patient for image in images.values())


def test_a_table_that_says_nothing_new_costs_no_reading_of_the_source(make_source, monkeypatch):
    rows = "".join(f"{folder},40\n" for folder in ("normal", "tumour"))
    source = make_source({**FILES, "t.csv": f"patient,age\n{rows}".encode()})
    monkeypatch.setattr(table_details, "read_tables", None)
    assert not find_details(source, ReadOptions()).readings
