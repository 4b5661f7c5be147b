"""Generates images with a trained run: PNG, npz or NIfTI in stored units, with their provenance."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from ganoscope.data.writers import available
from ganoscope.generation.config import GenerateConfig
from ganoscope.generation.writing import name_table
from ganoscope.reports.terminal import say
from ganoscope.workflows.generate import generate


@dataclass
class Command:
    """Generates images with the moving average of a run's generator; the same seed gives the same files."""

    run_folder: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    """Folder of the run."""
    out: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="OUT")]
    """Folder to create."""
    config: tyro.conf.OmitArgPrefixes[GenerateConfig] = field(default_factory=GenerateConfig)

    def run(self) -> None:
        """Generates the images, and prints where they are and how many were rejected."""
        done = generate(self.run_folder, self.out, self.config)
        table = name_table(self.config.format)
        say(f"{done.number:,} synthetic images, {table}, provenance.json and contact_sheet.png in {self.out}")
        counts = {
            "as copies of training images": done.copies if self.config.reject_copies else None,
            "for their class": done.doubted if self.config.classifier else None,
        }
        for reason, count in counts.items():
            if count is not None:
                say(f"rejected {reason}: {count:,} of {done.drawn:,} ({count / done.drawn:.1%})")
        if done.number < done.drawn:
            say(f"rejected images, each with its reason: rejected.csv and rejected.png in {self.out}")


FORMATS = "\n".join(f"  {name}: {line}" for name, line in available().items())
Command.__doc__ = f"{Command.__doc__}\n\nFormats, chosen with --format:\n{FORMATS}\n"
