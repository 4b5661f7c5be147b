"""A table of patients is recognised by the names that it holds; tables of data sets and manifests go before it."""

import pytest

from ganoscope.data.layouts import find_layout
from ganoscope.data.picture import ReadOptions

FILES = {f"sub-{number}/anat/scan.png": b"" for number in range(4)}


@pytest.mark.parametrize(
    ("name", "table", "layout"),
    [
        (
            "participants.tsv",
            "participant_id\tdiagnosis\n" + "".join(f"sub-{n}\tx\n" for n in range(4)),
            "patient_table",
        ),
        ("participants.tsv", "participant_id\tdiagnosis\n" + "".join(f"p-{n}\tx\n" for n in range(4)), "folders"),
        ("participants.tsv", "participant_id\tage\n" + "".join(f"sub-{n}\t30\n" for n in range(4)), "folders"),
        ("scans.csv", "ward,diagnosis\n" + "".join(f"sub-{n},x\n" for n in range(4)), "folders"),
        ("scans.csv", "path,diagnosis\n" + "".join(f"sub-{n},x\n" for n in range(4)), "manifest"),
    ],
    ids=["by folders", "other names", "no classes", "a column of unknown name", "paths"],
)
def test_a_table_of_patients_is_recognised(make_source, name, table, layout):
    assert find_layout(make_source({**FILES, name: table.encode()}))[0] == layout


def test_every_image_below_a_patient_gets_the_row(make_source):
    table = "participant_id\tdiagnosis\n" + "".join(f"sub-{n}\t{'xy'[n % 2]}\n" for n in range(4))
    source = make_source({**FILES, "sub-1/anat/other.png": b"", "participants.tsv": table.encode()})
    listed = find_layout(source)[1].list_images(source, ReadOptions())
    assert [(image.patient, image.label) for image in listed if not image.fault] == [
        ("sub-0", "x"),
        ("sub-1", "y"),
        ("sub-1", "y"),
        ("sub-2", "x"),
        ("sub-3", "y"),
    ]
