"""The page about a classifier, made from its run folder and its store; its pictures are written beside it as PNG."""

from pathlib import Path
from typing import Any

from ganoscope.data.store import Store
from ganoscope.files import replacing
from ganoscope.reports.classifier.artefacts import Findings, read_findings
from ganoscope.reports.classifier.looked_for import collect_alarms
from ganoscope.reports.classifier.sections import (
    confusion,
    heat_maps,
    learning_curves,
    limits,
    provenance,
    reliability,
    roc_curves,
    scores,
    training_data,
)
from ganoscope.reports.kit.rendering import render

PAGE = "classifier.html"
CHAPTERS = (
    scores.show,
    roc_curves.show,
    confusion.show,
    reliability.show,
    heat_maps.show,
    learning_curves.show,
    training_data.show,
    provenance.show,
    limits.show,
)
"""The chapters after the alarms, in order."""


def save_page(run: Path, store: Store) -> Path:
    """Writes `classifier.html` and its pictures into a run folder, and returns the page's path.

    Args:
        run: Folder of the classifier, evaluated and explained before.
        store: Store that it learned from.

    Raises:
        UserError: The run folder is incomplete or damaged.
    """
    return write_page(run / PAGE, collect_content(read_findings(run, store)))


def write_page(path: Path, content: dict[str, Any]) -> Path:
    """Writes a page about a classifier, and returns its path.

    Args:
        path: File to write.
        content: Everything that the template shows.
    """
    page = render(content, "classifier/template.html")
    with replacing(path) as partial:
        partial.write_text(page, encoding="utf-8")
    return path


def collect_content(findings: Findings) -> dict[str, Any]:
    """Returns everything that the template shows; draws the pictures on the way."""
    return {
        "kind": "classifier",
        "title": f"{findings.record.network} on {findings.record.store_name}",
        "abstract": scores.describe_abstract(findings),
        "alarms": collect_alarms(findings.alarms, findings.of_store),
        "chapters": [show(findings) for show in CHAPTERS],
        "shows_real": not all(name.startswith("phantom-") for name in findings.record.sample_ids),
    }
