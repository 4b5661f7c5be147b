"""Writes one self-contained HTML file about a run: alarms first, then what was done and what came out."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from ganoscope.report.html import ReportConfig, make_report
from ganoscope.report.terminal import say


@dataclass
class Command:
    """Writes the report of a run as one HTML file that opens from disk and prints well."""

    run_folder: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    """Folder of the run."""
    config: tyro.conf.OmitArgPrefixes[ReportConfig] = field(default_factory=ReportConfig)

    def run(self) -> None:
        """Writes the report, and says where."""
        say(f"report: {make_report(self.run_folder, self.config)}")
