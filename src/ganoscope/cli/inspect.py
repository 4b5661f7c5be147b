"""Shows a store: counts, statistics and alarms; writes its inspection page and a contact sheet."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from ganoscope.data.store import Store
from ganoscope.errors import UserError, describe
from ganoscope.report.contact_sheet import save_contact_sheet
from ganoscope.report.terminal import say, show_store


@dataclass
class Command:
    """Prints a store's counts, statistics and alarms, checks its fingerprint, and writes a page with all evidence."""

    store: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="STORE")]
    """Folder of the store."""
    out: Path | None = None
    """HTML file to write; inspect.html in the store by default. contact_sheet.png is written beside it."""
    seed: int = 0
    """Of the choice of images on the page and the sheet."""

    def __post_init__(self) -> None:
        """Checks the file's name."""
        if self.out is not None and self.out.suffix.lower() not in (".html", ".htm"):
            remedy = "Name an HTML file; the contact sheet is written beside it."
            raise UserError(describe("--out is no HTML file", self.out, "a name that ends in .html", remedy))

    def run(self) -> None:
        """Shows the store."""
        from ganoscope.report.inspection.page import save_inspection  # imported late: it takes seconds

        store = Store.open(self.store)
        store.verify()
        show_store(store)
        page = self.out or self.store / "inspect.html"
        say(f"contact sheet: {save_contact_sheet(store, page.with_name('contact_sheet.png'), self.seed)}")
        say(f"inspection page: {save_inspection(store, page, self.seed)}")
