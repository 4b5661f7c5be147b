"""Reads a folder of images into a store: finds unusable files and duplicates, and makes patient-grouped splits."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from ganoscope.data.layouts import available
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.prepare.key import name_key
from ganoscope.errors import UserError
from ganoscope.reports.terminal import say, show_store
from ganoscope.workflows.prepare import check, prepare


@dataclass
class Command:
    """Reads DICOM, NIfTI, PNG, JPEG, TIFF or NumPy images, in any known layout, into a store.

    Aspect ratios are kept. Patients, volumes, exact copies and near-duplicates never cross splits. Unusable files are
    listed in quarantine.csv with the reason. The store holds no file or patient names: they are in STORE.key.csv beside
    it, which you should keep private or delete. After an interruption, rerun the same command to resume.
    """

    source: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="SOURCE")]
    """Folder of images."""
    store: Annotated[Path | None, tyro.conf.Positional, tyro.conf.arg(metavar="STORE")] = None
    """Folder to create."""
    check_only: bool = False
    """Read and check all images and show statistics and alarms, without writing a store."""
    key: Path | None = None
    """Private file that maps numbers in the store to file names and patient ids; by default, STORE.key.csv."""
    workers: int = 0
    """Number of decoding processes; by default, one per core."""
    config: tyro.conf.OmitArgPrefixes[PrepareConfig] = field(default_factory=PrepareConfig)

    def run(self) -> None:
        """Prepares the store and shows its statistics.

        Raises:
            UserError: STORE is missing, or the source can't be prepared.
        """
        if self.check_only:
            with check(self.source, self.config, key=self.key, workers=self.workers) as store:
                show_store(store, "nothing was written")
            return
        if self.store is None:
            raise UserError("STORE is missing: name the folder to create, or give --check-only.")
        show_store(prepare(self.source, self.store, self.config, key=self.key, workers=self.workers))
        key = self.key or name_key(self.store)
        say(f"file names and patient ids: {key} (private: keep it apart from the store, or delete it)")


LAYOUTS = "\n".join(f"      {name}: {line}" for name, line in available().items())
Command.__doc__ = f"{Command.__doc__}\n    Layouts, detected automatically or given with --layout:\n{LAYOUTS}\n"
