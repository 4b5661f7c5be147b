"""Data and provenance of a measurement on a store of other patients."""

import numpy as np

from ganoscope.classifiers.trained import describe_range
from ganoscope.reports.classifier.artefacts import ExternalFindings
from ganoscope.reports.kit.content import Chapter, Section, Table


def show(findings: ExternalFindings) -> Chapter:
    """Returns which images were measured, by class, beside those of the store as a whole."""
    store, counts = findings.store, findings.results.scores.counts
    labels, splits, patients = (store.column(name) for name in ("label", "split", "patient"))
    measured = splits == "test"
    rows = [(name, f"{count:,}", f"{int((labels == name).sum()):,}") for name, count in counts.items()]
    known = len(np.unique(patients[measured & (patients != "")]))
    text = (
        f"{store.name}, {store.modality or 'modality unknown'}, {describe_range(store.intensity)} mapped to the "
        f"network's range of -1 to 1. The test split was measured: {int(measured.sum()):,} of {store.count:,} images, "
        f"{known:,} known patients."
    )
    table = Table("Images by class", ("Class", "Measured", "In the store"), tuple(rows))
    return Chapter("data", "Data", (Section((text,), (table,)),))


def show_settings(findings: ExternalFindings) -> Chapter:
    """Returns what identifies the classifier, the store and the measurement."""
    record, made = findings.record, findings.made
    rows = (
        ("measured", made.started),
        ("store fingerprint", made.store_fingerprint),
        ("seed of the resampling", str(made.seed)),
        ("temperature", f"{record.temperature:.4f}"),
        ("classifier's weights SHA-256", made.weights_sha256),
        ("classifier's store fingerprint", record.store_fingerprint),
        ("classifier trained", record.started),
        ("git commit", made.git_commit or "none: installed from a package"),
        *made.versions.items(),
    )
    table = Table("Settings and provenance", ("Name", "Value"), rows, words=True)
    return Chapter("settings", "Settings and provenance", (Section((), (table,)),))
