"""Writes one self-contained HTML file about a run: alarms first, then methods and results."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from ganoscope.reports.run.config import ReportConfig
from ganoscope.reports.terminal import say
from ganoscope.workflows.report import report


@dataclass
class Command:
    """Writes the report of a run as one self-contained HTML file, ready to print."""

    run_folder: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    """Folder of the run."""
    out: Path | None = None
    """File to write; by default, RUN/report.html."""
    config: tyro.conf.OmitArgPrefixes[ReportConfig] = field(default_factory=ReportConfig)

    def run(self) -> None:
        """Writes the report and prints its path."""
        say(f"report: {report(self.run_folder, self.out, self.config)}")
