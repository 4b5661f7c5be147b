"""All options of a study, and what identifies it."""

from ganoscope.reports.kit.content import Chapter, Section, Table, write_number
from ganoscope.reports.study.artefacts import Findings


def show(findings: Findings) -> Chapter:
    """Returns all options and hashes."""
    design = findings.design
    options = tuple(
        (name.replace("_", " "), write_number(value)) for name, value in design.describe()["options"].items()
    )
    facts = (
        *(("design SHA-256", design.sha256), ("store", design.store), ("store fingerprint", design.fingerprint)),
        *(("splits SHA-256", design.splits_sha256), ("test images per training image", write_number(design.ratio))),
        *((f"SHA-256 of --{name.replace('_', '-')}", digest) for name, digest in design.hashes.items()),
    )
    table = Table("Options and hashes", ("Name", "Value"), (*options, *facts), words=True)
    return Chapter("provenance", "Options and provenance", (Section(tables=(table,)),))
