"""Draws heat maps of what a run's discriminator looks at, with the checks that show what they are worth."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from ganoscope.explanation.config import ExplainConfig
from ganoscope.reports.terminal import say, show_alarms
from ganoscope.workflows.explain import explain


@dataclass
class Command:
    """Explains the frozen discriminator on held-out real and on generated images, for and against "real".

    Beside every map stands a weight-randomisation check; over all images, the share of attention inside the anatomy, on
    its boundary and in the background, with intervals.
    """

    run_folder: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    """Folder of the run."""
    store: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="STORE")]
    """Store with held-out images, usually the run's own."""
    out: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="OUT")]
    """Folder to make."""
    config: tyro.conf.OmitArgPrefixes[ExplainConfig] = field(default_factory=ExplainConfig)

    def run(self) -> None:
        """Explains, and says what was found."""
        explain(self.run_folder, self.store, self.out, self.config)
        say((self.out / "summary.txt").read_text(encoding="utf-8"))
        show_alarms(self.out / "alarms.json")
        say(f"maps, figures and tables in {self.out}")
