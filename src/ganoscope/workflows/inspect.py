"""`ganoscope inspect`: a page with all evidence about a store, and its contact sheet."""

from dataclasses import dataclass
from pathlib import Path

from ganoscope.data.store import Store
from ganoscope.errors import UserError, describe
from ganoscope.figures.contact_sheet import save_contact_sheet
from ganoscope.reports.store.page import save_inspection


@dataclass(frozen=True)
class InspectConfig:
    """How a store is shown."""

    seed: int = 0
    """Of the choice of images on the page and the sheet."""


DEFAULTS = InspectConfig()


@dataclass(frozen=True)
class Inspection:
    """What was written about a store.

    Attributes:
        page: The HTML page.
        contact_sheet: The picture beside it.
    """

    page: Path
    contact_sheet: Path


def inspect(store: Path, out: Path | None = None, config: InspectConfig = DEFAULTS) -> Inspection:
    """Checks a store's fingerprint, and writes its inspection page and contact sheet.

    Args:
        store: Folder of the store.
        out: HTML file to write; inspect.html in the store where it is not given. The sheet is written beside it.
        config: How the store is shown.

    Raises:
        UserError: The store is missing or damaged, or `out` is no HTML file.
    """
    if out is not None and out.suffix.lower() not in (".html", ".htm"):
        remedy = "Name an HTML file; the contact sheet is written beside it."
        raise UserError(describe("--out is no HTML file", out, "a name that ends in .html", remedy))
    images = Store.open(store)
    images.verify()
    page = out or store / "inspect.html"
    sheet = save_contact_sheet(images, page.with_name("contact_sheet.png"), config.seed)
    return Inspection(save_inspection(images, page, config.seed), sheet)
