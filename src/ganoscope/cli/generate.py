"""Makes images with a trained generator: PNG in stored units, with labels of origin."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from ganoscope.generate import GenerateConfig, generate
from ganoscope.report.terminal import say


@dataclass
class Command:
    """Makes images with the moving average of a run's generator; the same seed gives the same files."""

    run_folder: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    """Folder of the run."""
    out: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="OUT")]
    """Folder to make."""
    config: tyro.conf.OmitArgPrefixes[GenerateConfig] = field(default_factory=GenerateConfig)

    def run(self) -> None:
        """Generates, and says where."""
        count = generate(self.run_folder, self.out, self.config)
        say(f"{count:,} synthetic images, manifest.csv and contact_sheet.png in {self.out}")
