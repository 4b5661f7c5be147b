"""Draws a store of procedural CT, chest X-ray or brain MRI phantoms with exact lesion masks."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from ganoscope.data.phantom_store import PhantomConfig, make_phantom_store
from ganoscope.report.terminal import show_store


@dataclass
class Command:
    """Draws made-up patients, several images each, healthy or with one of two lesion types, and their lesion masks."""

    store: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="STORE")]
    """Folder to make."""
    config: tyro.conf.OmitArgPrefixes[PhantomConfig] = field(default_factory=PhantomConfig)

    def run(self) -> None:
        """Makes the store and shows it."""
        show_store(make_phantom_store(self.store, self.config))
