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
    """Draws synthetic patients, several images each, healthy or with one of two lesion types, with lesion masks."""

    store: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="STORE")]
    """Folder to create."""
    config: tyro.conf.OmitArgPrefixes[PhantomConfig] = field(default_factory=PhantomConfig)

    def run(self) -> None:
        """Draws the phantoms into a store and shows its statistics."""
        show_store(phantom(self.store, self.config))
