"""`ganoscope inspect`: verifies a store, measures it, and writes its inspection page and contact sheet."""

from dataclasses import dataclass
from pathlib import Path

from ganoscope.data.inspection.inspected import compute_findings, name_data_folder, save_findings
from ganoscope.data.store import Store
from ganoscope.errors import UserError, describe
from ganoscope.figures.contact_sheet import save_contact_sheet
from ganoscope.files.field_types import fit_fields
from ganoscope.locks import one_writer
from ganoscope.progress import timed
from ganoscope.reports.store.page import save_inspection


@dataclass(frozen=True)
class InspectConfig:
    """How a store is inspected."""

    seed: int = 0
    """Random seed; it decides which images the page and the contact sheet show."""

    def __post_init__(self) -> None:
        """Checks the types.

        Raises:
            UserError: A value has another type.
        """
        fit_fields(self)


DEFAULTS = InspectConfig()


@dataclass(frozen=True)
class Inspection:
    """What was written about a store.

    Attributes:
        page: The HTML page.
        contact_sheet: The picture beside it.
        data: Folder beside it with the numbers and selections that the page shows.
    """

    page: Path
    contact_sheet: Path
    data: Path


def inspect(store: Path, out: Path | None = None, config: InspectConfig = DEFAULTS) -> Inspection:
    """Verifies a store's fingerprint, measures the store, and writes its inspection page and contact sheet.

    Args:
        store: Folder of the store.
        out: HTML file to write; inspect.html in the store by default. The contact sheet and the folder with the
            measurements are written beside it.
        config: How the store is inspected.

    Returns:
        The paths that were written.

    Raises:
        UserError: The store is missing or damaged, or `out` is not an HTML file.
    """
    if out is not None and out.suffix.lower() not in (".html", ".htm"):
        remedy = "Name an HTML file; the contact sheet is written beside it."
        raise UserError(describe("--out is not an HTML file", out, "a name that ends in .html", remedy))
    images = Store.open(store)
    images.verify()
    page = out or store / "inspect.html"
    data = name_data_folder(page)
    with one_writer(page), timed("inspection page"):
        sheet = save_contact_sheet(images, page.with_name("contact_sheet.png"), config.seed)
        save_findings(data, images, compute_findings(images, config.seed))
        save_inspection(images, page)
    return Inspection(page, sheet, data)
