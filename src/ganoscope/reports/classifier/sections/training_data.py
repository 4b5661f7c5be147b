"""Data: what the classifier learned from, by class and split."""

import numpy as np

from ganoscope.classifiers.trained import ClassifierRecord, describe_range
from ganoscope.data.store.splits import SPLITS
from ganoscope.reports.classifier.artefacts import Findings
from ganoscope.reports.kit.content import Chapter, Section, Table


def show(findings: Findings) -> Chapter:
    """Returns what the classifier learned from."""
    return Chapter("data", "Data", (Section((describe_data(findings.record),), (list_data(findings),)),))


def describe_data(record: ClassifierRecord) -> str:
    """Returns what the classifier learned from, and which images it is not independent of."""
    seen = f" Its pretrained weights were trained on: {', '.join(record.trained_on)}." if record.trained_on else ""
    return (
        f"{record.store_name}, {record.modality or 'modality unknown'}, {describe_range(record.intensity)} mapped to "
        f"the network's range of -1 to 1. It is not an independent classifier of images that it was trained on."
        f"{seen}"
    )


def list_data(findings: Findings) -> Table:
    """Returns images and groups by class and split."""
    labels, splits, groups = (findings.store.column(name) for name in ("label", "split", "group"))
    names = findings.results.scores.counts
    rows = [(name, *(f"{int(((labels == name) & (splits == split)).sum()):,}" for split in SPLITS)) for name in names]
    rows.append(("Independent groups", *(f"{len(np.unique(groups[splits == split])):,}" for split in SPLITS)))
    header = ("Class", *(split.capitalize() for split in SPLITS))
    return Table("Images by class and split", header, tuple(rows))
