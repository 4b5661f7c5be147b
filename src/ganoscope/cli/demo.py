"""Runs every stage on brain-MRI phantoms, or on your images: minutes on two processor cores."""

from dataclasses import dataclass, field
from pathlib import Path

import tyro

from ganoscope.reports.terminal import say
from ganoscope.workflows.demo import DemoConfig, demo


@dataclass
class Command:
    """Prepares, trains, generates, explains, audits and reports in one go. Rerun the same command to resume."""

    out: Path = Path("ganoscope-demo")
    """Folder for all results."""
    config: tyro.conf.OmitArgPrefixes[DemoConfig] = field(default_factory=DemoConfig)

    def run(self) -> None:
        """Runs the demo and prints the path of the report."""
        say(f"report: {demo(self.out, self.config).resolve()}")
