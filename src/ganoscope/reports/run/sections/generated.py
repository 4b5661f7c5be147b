"""The contact sheet of a separate folder of generated images."""

from pathlib import Path

from PIL import Image

from ganoscope.errors import UserError
from ganoscope.files.tables import read_csv
from ganoscope.reports.kit.content import Section
from ganoscope.reports.kit.pictures import show_pixels

TABLES = ("manifest.csv", "frames.csv")
"""Tables with a row per image: of files with one image each, and of files with many."""
WIDTH_PX = 490


def show_generated(folder: Path | None) -> Section:
    """Returns the contact sheet of a folder of generated images; nothing where none is to be shown.

    Raises:
        UserError: The folder holds no generated images.
    """
    if folder is None:
        return Section()
    table = next((folder / name for name in TABLES if (folder / name).exists()), None)
    sheet = folder / "contact_sheet.png"
    if table is None or not sheet.exists():
        raise UserError(
            f"no generated images at {folder}: manifest.csv or contact_sheet.png is missing. Make them with "
            "`ganoscope generate`."
        )
    rows = list(read_csv(table))
    names = ", ".join(sorted({row["run"] for row in rows}))
    caption = f"The first of {len(rows):,} images in a separate folder of generated images (run {names})."
    with Image.open(sheet) as image:
        return Section(pairs=(show_pixels(image, caption, "Contact sheet of generated images", WIDTH_PX),))
