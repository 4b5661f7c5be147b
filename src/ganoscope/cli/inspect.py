"""Shows a store: counts, statistics, alarms, and a contact sheet."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from ganoscope.data.store import Store
from ganoscope.report.contact_sheet import save_contact_sheet
from ganoscope.report.terminal import say, show_store


@dataclass
class Command:
    """Prints a store's counts, statistics and alarms, checks its fingerprint, and saves a contact sheet."""

    store: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="STORE")]
    """Folder of the store."""
    out: Path | None = None
    """Where to save the contact sheet; contact_sheet.png in the store by default."""
    seed: int = 0
    """Of the choice of images on the sheet."""

    def run(self) -> None:
        """Shows the store."""
        store = Store.open(self.store)
        store.verify()
        show_store(store)
        say(f"contact sheet: {save_contact_sheet(store, self.out or self.store / 'contact_sheet.png', self.seed)}")
