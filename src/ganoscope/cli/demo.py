"""Runs the whole story on brain-MRI phantoms, or on your images: minutes on two processor cores."""

from dataclasses import dataclass, field
from pathlib import Path

import tyro

from ganoscope.reports.terminal import say
from ganoscope.workflows.demo import DemoConfig, demo


@dataclass
class Command:
    """Prepares, trains, generates, explains and reports in one go. Rerun the same command to resume."""

    out: Path = Path("ganoscope-demo")
    """Folder for everything that comes out."""
    config: tyro.conf.OmitArgPrefixes[DemoConfig] = field(default_factory=DemoConfig)

    def run(self) -> None:
        """Runs the demo, and says where the report is."""
        say(f"report: {demo(self.out, self.config).resolve()}")
