"""Draws a store of procedural CT, chest X-ray or brain MRI phantoms with exact lesion masks."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.reports.terminal import show_store
from ganoscope.workflows.phantom import phantom


@dataclass
class Command:
    """Draws made-up patients, several images each, healthy or with one of two lesion types, and their lesion masks."""

    store: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="STORE")]
    """Folder to make."""
    config: tyro.conf.OmitArgPrefixes[PhantomConfig] = field(default_factory=PhantomConfig)

    def run(self) -> None:
        """Makes the store and shows it."""
        show_store(phantom(self.store, self.config))
