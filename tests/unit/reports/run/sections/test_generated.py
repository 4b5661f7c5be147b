"""The contact sheet of generated images."""

import pytest
from PIL import Image

from ganoscope.errors import UserError
from ganoscope.reports.kit.content import Section
from ganoscope.reports.run.sections.generated import show_generated


@pytest.mark.parametrize("table", ["manifest.csv", "frames.csv"])
def test_it_is_shown_with_the_number_of_images_and_the_runs(tmp_path, table):
    (tmp_path / table).write_text("file,run\na.png,one\nb.png,two\n")
    Image.new("L", (20, 20)).save(tmp_path / "contact_sheet.png")
    (picture,) = show_generated(tmp_path).pairs
    assert picture.caption == "The first of 2 images in a separate folder of generated images (run one, two)."


def test_nothing_is_shown_where_nothing_is_wanted_and_another_folder_is_refused(tmp_path):
    assert show_generated(None) == Section()
    with pytest.raises(UserError, match=r"manifest\.csv or contact_sheet\.png is missing"):
        show_generated(tmp_path)
