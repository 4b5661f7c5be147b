"""Runs the whole story on brain-MRI phantoms, or on your images: minutes on two processor cores."""

from dataclasses import dataclass, field

import tyro

from ganoscope.demo import DemoConfig, run_demo
from ganoscope.report.terminal import say


@dataclass
class Command:
    """Prepares, trains, generates, explains and reports in one go. Called again, it goes on where it stopped."""

    config: tyro.conf.OmitArgPrefixes[DemoConfig] = field(default_factory=DemoConfig)

    def run(self) -> None:
        """Runs the demo, and says where the report is."""
        say(f"report: {run_demo(self.config).resolve()}")
