"""Downloads a public data set through its own client; if that fails, explains how to download it by hand."""

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
    """Downloads a public data set from Kaggle (needs its client and an account) or from MedMNIST.

    Licence and citation are shown before the download. `pip install "ganoscope[fetch]"` installs the clients.
    """

    name: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar=NAMES)]
    """Data set to download."""
    folder: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="DIR")]
    """Folder to create."""
    config: tyro.conf.OmitArgPrefixes[FetchConfig] = field(default_factory=FetchConfig)

    def run(self) -> None:
        """Shows licence and citation, downloads the data set and prints the next command."""
        CONSOLE.print(describe_source(find_source(self.name)), markup=False)
        folder = fetch(self.name, self.folder, self.config)
        CONSOLE.print(f"downloaded into {folder}; next: ganoscope prepare {folder} STORE", markup=False)
