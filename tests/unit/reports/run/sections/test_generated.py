"""The contact sheet of generated images."""

import pytest
from PIL import Image

from ganoscope.errors import UserError
from ganoscope.reports.kit.content import Section
from ganoscope.reports.run.sections.generated import describe_screening, show_generated


@pytest.mark.parametrize("table", ["manifest.csv", "frames.csv"])
def test_it_is_shown_with_the_number_of_images_and_the_runs(tmp_path, table):
    (tmp_path / table).write_text("file,run\na.png,one\nb.png,two\n")
    Image.new("L", (20, 20)).save(tmp_path / "contact_sheet.png")
    (picture,) = show_generated(tmp_path).pairs
    assert picture.caption == "The first of 2 images in a separate folder of generated images (run one, two)."


def test_nothing_is_shown_where_nothing_is_wanted_and_another_folder_is_refused(tmp_path):
    assert show_generated(None) == Section()
    with pytest.raises(UserError, match=r"manifest\.csv or frames\.csv is missing"):
        show_generated(tmp_path)


def test_what_was_screened_out_is_shown_by_class_and_reason():
    screening = {
        "copies": {},
        "labels": {},
        "drawn": 30,
        "rejected": 10,
        "rejected_by_reason": {"copy": 4, "label": 7},
        "classes": {
            "ill": {"drawn": 20, "kept": 11, "rejected": {"copy": 3, "label": 7}},
            "well": {"drawn": 10, "kept": 9, "rejected": {"copy": 1, "label": 0}},
        },
    }
    (text,), (table,) = describe_screening(screening)
    assert text.startswith("Of 30 generated images, 10 (33.3%) were screened out")
    assert table.rows == (
        ("ill", "20", "11", "3", "7"),
        ("well", "10", "9", "1", "0"),
        ("all images", "30", "20", "4", "7"),
    )


def test_a_reason_that_was_not_looked_for_and_no_screening_are_told():
    _, (table,) = describe_screening({"copies": {}, "drawn": 5, "rejected": 0, "rejected_by_reason": {"copy": 0}})
    assert table.rows == (("all images", "5", "5", "0", "not looked for"),)
    (text,), tables = describe_screening({})
    assert "were not screened" in text
    assert tables == ()
