"""The page about a classifier on a store of other patients; its pictures are written beside it as PNG."""

from pathlib import Path
from typing import Any

from ganoscope.classifiers.trained import ClassifierRecord
from ganoscope.data.store import Store
from ganoscope.evaluate.classification.external_checks import CHECKS
from ganoscope.reports.classifier.artefacts import ExternalFindings, read_external
from ganoscope.reports.classifier.looked_for import collect_alarms
from ganoscope.reports.classifier.page import write_page
from ganoscope.reports.classifier.sections import (
    confusion,
    external_data,
    external_subgroups,
    reliability,
    roc_curves,
)
from ganoscope.reports.classifier.sections.scores import describe_metrics, list_metrics, write_metric
from ganoscope.reports.kit.content import Chapter, Section

EXTERNAL_PAGE = "external.html"
LIMITS = (
    "One classifier of one training run. The intervals reflect which patients are in this store, not how another run "
    "would have turned out.",
    "One other data set. A classifier that does well here may fail at a third place, and a difference between two "
    "stores has many causes: device, framing, patients, labels and the share of each class.",
    "That no image of this store was learned from is known for identical files and for public sets behind pretrained "
    "weights alone: patients have other pseudonyms in every store, and other exports of one image are not recognised.",
    "Nothing was fitted to this store. The temperature is that of the classifier's own validation split, and each "
    "image is assigned to its most probable class: a threshold chosen here would be too good here.",
    "Accuracy and weighted averages depend on the share of each class, which differs between stores. Read AUROC, "
    "sensitivity and specificity beside them.",
)
"""What the numbers do not show."""


def save_external_page(out: Path, record: ClassifierRecord, store: Store) -> Path:
    """Writes `external.html` and its pictures into a folder of results, and returns the page's path.

    Args:
        out: Folder of the results, measured before.
        record: Record of the classifier.
        store: Store of other patients.

    Raises:
        UserError: The folder is incomplete or damaged.
    """
    return write_page(out / EXTERNAL_PAGE, collect_content(read_external(out, record, store)))


def collect_content(findings: ExternalFindings) -> dict[str, Any]:
    """Returns everything that the template shows; draws the pictures on the way."""
    return {
        "kind": "classifier",
        "title": f"{findings.record.network} of {findings.record.store_name} on {findings.store.name}",
        "abstract": describe_abstract(findings),
        "alarms": collect_alarms(findings.alarms, findings.of_store, CHECKS),
        "chapters": [
            show_metrics(findings),
            roc_curves.show(findings),
            confusion.show(findings),
            external_subgroups.show(findings),
            reliability.show(findings),
            external_data.show(findings),
            external_data.show_settings(findings),
            Chapter("limits", "Limits", (Section(points=LIMITS),)),
        ],
        "shows_real": False,
    }


def describe_abstract(findings: ExternalFindings) -> str:
    """Returns what was measured on what, and the AUROC here and at home, in two sentences."""
    record, scores, own = findings.record, findings.results.scores, findings.own
    at_home = f"; on its own test split {write_metric(own.metrics['auroc'])}" if own else ""
    return (
        f"{record.network} for {len(record.classes)} classes ({', '.join(record.classes)}), trained on "
        f"{record.store_name} and measured on {findings.store.name}, from which nothing was learned. On "
        f"{sum(scores.counts.values()):,} images of {scores.groups:,} independent groups: AUROC "
        f"{write_metric(scores.metrics['auroc'])}{at_home}."
    )


def show_metrics(findings: ExternalFindings) -> Chapter:
    """Returns the metrics on this store, beside those on the test split of the classifier's own."""
    here = findings.results.scores
    both = {"this store": here, **({"its own test split": findings.own} if findings.own else {})}
    text = describe_metrics(findings.record, {"test": here})
    return Chapter("metrics", "Metrics", (Section(text, (list_metrics(both),)),))
