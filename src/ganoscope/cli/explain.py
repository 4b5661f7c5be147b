"""Draws heat maps of what a run's discriminator looks at, with checks of their reliability."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from ganoscope.explanation.config import ExplainConfig
from ganoscope.explanation.feature_attribution import available
from ganoscope.reports.terminal import say, show_alarms
from ganoscope.workflows.explain import explain


@dataclass
class Command:
    """Explains the frozen discriminator on held-out real and on generated images: evidence for and against "real".

    Every map comes with a weight-randomisation check. Over all images, the shares of the evidence inside the anatomy,
    on its boundary and in the background are reported with intervals.
    """

    run_folder: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    """Folder of the run."""
    store: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="STORE")]
    """Store with held-out images, usually the run's own."""
    out: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="OUT")]
    """Folder to create."""
    config: tyro.conf.OmitArgPrefixes[ExplainConfig] = field(default_factory=ExplainConfig)

    def run(self) -> None:
        """Runs `explain` and prints the summary and the alarms."""
        explain(self.run_folder, self.store, self.out, self.config)
        say((self.out / "summary.txt").read_text(encoding="utf-8"))
        show_alarms(self.out / "alarms.json")
        say(f"maps, figures and tables in {self.out}")


EXPLAINERS = "\n".join(f"  {name}: {line}" for name, line in available().items())
Command.__doc__ = f"{Command.__doc__}\n\nExplainers, chosen with --explainer:\n{EXPLAINERS}\n"
