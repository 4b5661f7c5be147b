"""Settings and provenance: how the classifier was trained, and what identifies it."""

from ganoscope.classifiers.trained import ClassifierRecord
from ganoscope.reports.classifier.artefacts import Findings
from ganoscope.reports.kit.content import Chapter, Section, Table, write_number


def show(findings: Findings) -> Chapter:
    """Returns how the classifier was trained, and what identifies it."""
    return Chapter("settings", "Settings and provenance", (Section((), (list_settings(findings.record),)),))


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
