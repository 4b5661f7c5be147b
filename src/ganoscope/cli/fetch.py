"""Downloads a public data set through its own client, and says how to get it by hand where that fails."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from ganoscope.data.fetch import available, describe_source, fetch, find_source
from ganoscope.progress import CONSOLE

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
    size: int = 0
    """Side of the images in pixels, for MedMNIST: 28, 64, 128 or 224; 0 for the smallest."""

    def run(self) -> None:
        """Shows licence and citation, downloads, and says how to go on."""
        CONSOLE.print(describe_source(find_source(self.name)), markup=False)
        folder = fetch(self.name, self.folder, self.size)
        CONSOLE.print(f"fetched into {folder}; next: ganoscope prepare {folder} STORE", markup=False)
