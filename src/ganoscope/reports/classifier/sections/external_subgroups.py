"""Subgroups: metrics of each class, view, modality and source folder of the images that were measured."""

from collections.abc import Mapping

from ganoscope.evaluate.classification.subgroup_scores import LEAST_IMAGES, MEASURED
from ganoscope.reports.classifier.artefacts import ExternalFindings
from ganoscope.reports.kit.content import Chapter, Section, Table


def show(findings: ExternalFindings) -> Chapter:
    """Returns the metrics of each subgroup."""
    text = (
        f"Each class against the rest, and every view, modality and source folder of {LEAST_IMAGES} images or more. In "
        "brackets: 95% intervals over whole groups. Several subgroups are looked at: single differences may be chance."
    )
    return Chapter("subgroups", "Subgroups", (Section((text,), (list_subgroups(findings),)),))


def list_subgroups(findings: ExternalFindings) -> Table:
    """Returns the metrics of each subgroup, with its numbers of images and groups."""
    rows = [
        (
            f"{row['kind']}: {row['subgroup']}",
            row["images"],
            row["groups"],
            *(write_cell(row, name) for name in MEASURED),
        )
        for row in findings.subgroups
    ]
    header = ("Subgroup", "Images", "Groups", "AUROC", "Sensitivity", "Specificity", "Accuracy")
    return Table("Metrics by subgroup", header, tuple(rows))


def write_cell(row: Mapping[str, str], name: str) -> str:
    """Returns a metric of a subgroup with its interval.

    Example:
        >>> write_cell({"auroc": "0.9", "auroc_low": "0.8125", "auroc_high": "0.95"}, "auroc")
        '0.900 (0.812 to 0.950)'
        >>> write_cell({"auroc": "", "auroc_low": "", "auroc_high": ""}, "auroc")
        'not defined'
    """
    value, low, high = (row[f"{name}{end}"] for end in ("", "_low", "_high"))
    if not value:
        return "not defined"
    return f"{float(value):.3f} ({f'{float(low):.3f} to {float(high):.3f}' if low else 'no interval'})"
