"""Shows a store's counts, statistics and alarms; writes an inspection page and a contact sheet."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from ganoscope.data.store import Store
from ganoscope.reports.terminal import say, show_store
from ganoscope.workflows.inspect import InspectConfig, inspect


@dataclass
class Command:
    """Verifies a store's fingerprint, prints its counts, statistics and alarms, and writes a page with all evidence."""

    store: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="STORE")]
    """Folder of the store."""
    out: Path | None = None
    """HTML file to write; by default, inspect.html in the store. contact_sheet.png and a folder with the page's
    measurements are written beside it."""
    config: tyro.conf.OmitArgPrefixes[InspectConfig] = field(default_factory=InspectConfig)

    def run(self) -> None:
        """Inspects the store, and prints its summary."""
        written = inspect(self.store, self.out, self.config)
        show_store(Store.open(self.store))
        say(f"contact sheet: {written.contact_sheet}")
        say(f"inspection page: {written.page}")
