"""Reads a folder of images into a store: finds bad files and copies, makes patient-grouped splits."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from ganoscope.data.prepare import PrepareConfig, prepare
from ganoscope.report.terminal import show_store


@dataclass
class Command:
    """Reads a folder of PNG or JPEG images (flat, class folders, or split/class folders) into a store.

    Aspect ratios are kept by padding. Patients, exact copies and near-duplicates never cross the splits. Every file
    that can't be taken is listed in quarantine.csv with its reason.
    """

    source: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="SOURCE")]
    """Folder of images."""
    store: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="STORE")]
    """Folder to make."""
    config: tyro.conf.OmitArgPrefixes[PrepareConfig] = field(default_factory=PrepareConfig)

    def run(self) -> None:
        """Prepares the store and shows it."""
        show_store(prepare(self.source, self.store, self.config))
