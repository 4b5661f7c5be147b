"""Data, settings and provenance: what the classifier learned from, how, and what identifies it."""

import numpy as np

from ganoscope.classifiers.trained import ClassifierRecord, describe_range
from ganoscope.data.store.splits import SPLITS
from ganoscope.reports.classifier.findings import Findings
from ganoscope.reports.kit.content import Chapter, Section, Table, write_number


def show_data(findings: Findings) -> Chapter:
    """Returns what the classifier learned from."""
    return Chapter("data", "Data", (Section((describe_data(findings.record),), (list_data(findings),)),))


def show_settings(findings: Findings) -> Chapter:
    """Returns how the classifier was trained, and what identifies it."""
    return Chapter("settings", "Settings and provenance", (Section((), (list_settings(findings.record),)),))


def describe_data(record: ClassifierRecord) -> str:
    """Returns what the classifier learned from, and which images it must not be asked about."""
    seen = f" Pretrained weights have seen: {', '.join(record.trained_on)}." if record.trained_on else ""
    return (
        f"{record.store_name}, {record.modality or 'modality unknown'}, {describe_range(record.intensity)} as the "
        "network's range of -1 to 1. The classifier is no independent classifier of images that it was trained on."
        f"{seen}"
    )


def list_data(findings: Findings) -> Table:
    """Returns images and groups by class and part."""
    labels, splits, groups = (findings.store.column(name) for name in ("label", "split", "group"))
    names = findings.part.scores.counts
    rows = [(name, *(f"{int(((labels == name) & (splits == split)).sum()):,}" for split in SPLITS)) for name in names]
    rows.append(("Independent groups", *(f"{len(np.unique(groups[splits == split])):,}" for split in SPLITS)))
    header = ("Class", *(split.capitalize() for split in SPLITS))
    return Table("Images by class and part", header, tuple(rows))


def list_settings(record: ClassifierRecord) -> Table:
    """Returns how the classifier was trained, and what identifies it."""
    rows = [(name.replace("_", " "), write_number(value)) for name, value in record.config.items()]
    rows += [
        ("started", record.started),
        ("store fingerprint", record.store_fingerprint),
        ("weights SHA-256", record.weights_sha256),
        ("git commit", record.git_commit or "none: installed from a package"),
        *record.versions.items(),
    ]
    return Table("Settings and provenance", ("Name", "Value"), tuple(rows), words=True)
