"""Translates images to another class with a trained run, and evaluates these counterfactuals."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from ganoscope.counterfactuals.config import CounterfactualConfig
from ganoscope.errors import write_count
from ganoscope.reports.terminal import say, show_alarms
from ganoscope.workflows.counterfactual import counterfactual


@dataclass
class Command:
    """Translates each image to its target class, and evaluates the change: classifiers, masks and adversarial noise.

    Writes to OUT: images/ (counterfactual, difference and reconstruction in the source's geometry and units), panels/,
    results.csv with one row per image, results.json, summary.txt and figures.
    """

    run_folder: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    """Folder of a translation run."""
    images: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="IMAGES")]
    """A store, an image file of any format that `ganoscope prepare` reads, or a folder of such files."""
    out: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="OUT")]
    """Folder to create."""
    config: tyro.conf.OmitArgPrefixes[CounterfactualConfig] = field(default_factory=CounterfactualConfig)

    def run(self) -> None:
        """Translates the images and prints the findings."""
        done = counterfactual(self.run_folder, self.images, self.out, self.config)
        say(done.summary)
        if done.refused:
            refused = write_count(done.refused, "file")
            say(f"not translated: {refused}, each with its reason in {self.out / 'quarantine.csv'}")
        show_alarms(self.out / "alarms.json")
        say(f"{write_count(done.images, 'image')}, with panels, results.csv and results.json in {self.out}")
