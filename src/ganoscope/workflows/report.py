"""`ganoscope report`: one self-contained HTML file about a run, alarms first."""

from pathlib import Path

from ganoscope.files import replacing
from ganoscope.progress import timed
from ganoscope.reports.kit.rendering import render
from ganoscope.reports.run.page import ReportConfig, collect_content
from ganoscope.training.run_folder.trained_run import open_run

DEFAULTS = ReportConfig()


def report(run: Path, out: Path | None = None, config: ReportConfig = DEFAULTS) -> Path:
    """Writes the report of a run at its newest checkpoint, and returns the file's path.

    Args:
        run: Folder of the run.
        out: File to write; RUN/report.html where it is not given.
        config: What to put into the report.

    Raises:
        UserError: The run is missing or damaged, or a folder named in `config` is not what it should be.
    """
    out = out or run / "report.html"
    with timed("report"):
        page = render(collect_content(open_run(run), config), "run/template.html")
        with replacing(out) as partial:
            partial.write_text(page, encoding="utf-8")
    return out
