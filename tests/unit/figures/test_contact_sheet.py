"""The contact sheet of a store."""

from PIL import Image
from tests.fixtures.made_up_stores import write_store

from ganoscope.figures.contact_sheet import save_contact_sheet


def test_contact_sheet_of_very_many_classes_stays_a_picture(tmp_path):
    store = write_store(tmp_path / "store", [{"label": f"class {n}", "boxes": "1 1 3 3"} for n in range(60)])
    with Image.open(save_contact_sheet(store, tmp_path / "sheet.png")) as sheet:
        assert sheet.height < 10_000
