"""Downloads a public data set through its own client, and says how to get it by hand where that fails."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from ganoscope.data.fetch import FetchConfig, available, describe_source, find_source
from ganoscope.progress import CONSOLE
from ganoscope.workflows.fetch import fetch

NAMES = "{" + ",".join(available()) + "}"


@dataclass
class Command:
    """Downloads a public data set: from Kaggle (its client and an account are needed) or from MedMNIST.

    Licence and citation are shown before anything is downloaded. `pip install "ganoscope[fetch]"` brings the clients.
    """

    name: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar=NAMES)]
    """Data set to fetch."""
    folder: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="DIR")]
    """Folder to make."""
    config: tyro.conf.OmitArgPrefixes[FetchConfig] = field(default_factory=FetchConfig)

    def run(self) -> None:
        """Shows licence and citation, downloads, and says how to go on."""
        CONSOLE.print(describe_source(find_source(self.name)), markup=False)
        folder = fetch(self.name, self.folder, self.config)
        CONSOLE.print(f"fetched into {folder}; next: ganoscope prepare {folder} STORE", markup=False)
