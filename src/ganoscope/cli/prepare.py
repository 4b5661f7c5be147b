"""Reads a folder of images into a store: finds bad files and copies, makes patient-grouped splits."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from ganoscope.data.layouts import available
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.errors import UserError
from ganoscope.reports.terminal import say, show_store
from ganoscope.workflows.prepare import check, prepare


@dataclass
class Command:
    """Reads DICOM, NIfTI, PNG, JPEG, TIFF or NumPy images, in any known layout, into a store.

    Aspect ratios are kept. Patients, volumes, exact copies and near-duplicates never cross the splits. Every file that
    can't be taken is listed in quarantine.csv with its reason. Names of files and patients stay out of the store: they
    are in STORE.key.csv beside it, which is yours to keep private or to delete. Interrupted, the same call goes on.
    """

    source: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="SOURCE")]
    """Folder of images."""
    store: Annotated[Path | None, tyro.conf.Positional, tyro.conf.arg(metavar="STORE")] = None
    """Folder to make."""
    check_only: bool = False
    """Read and check everything, show statistics and alarms, and write no store."""
    key: Path | None = None
    """Private file that tells which file and patient stands behind which number; STORE.key.csv by default."""
    workers: int = 0
    """Processes that decode; one per core by default."""
    config: tyro.conf.OmitArgPrefixes[PrepareConfig] = field(default_factory=PrepareConfig)

    def run(self) -> None:
        """Prepares the store and shows it."""
        if self.check_only:
            with check(self.source, self.config, key=self.key, workers=self.workers) as store:
                show_store(store, "nothing was written")
            return
        if self.store is None:
            raise UserError("STORE is missing: name the folder to make, or give --check-only.")
        show_store(prepare(self.source, self.store, self.config, key=self.key, workers=self.workers))
        key = self.key or self.store.with_name(f"{self.store.name}.key.csv")
        say(f"names of files and patients: {key} (private: keep it apart from the store, or delete it)")


LAYOUTS = "\n".join(f"      {name}: {line}" for name, line in available().items())
Command.__doc__ = f"{Command.__doc__}\n    Layouts, recognised or named with --layout:\n{LAYOUTS}\n"
