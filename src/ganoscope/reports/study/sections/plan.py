"""The frozen design, what it can decide, and what identifies it."""

from ganoscope.reports.kit.content import Chapter, Section, Table, write_number
from ganoscope.reports.study.artefacts import Findings
from ganoscope.reports.study.printed import describe_feasibility, list_design


def show(findings: Findings) -> Chapter:
    """Returns the design table, the feasibility check and all options."""
    design = findings.design
    rows = tuple(list_design(design).items())
    sentences = describe_feasibility(design.feasibility, design.config.expected_sd)
    points = tuple(f"{line[:1].upper()}{line[1:]}." for line in sentences)
    options = tuple(
        (name.replace("_", " "), write_number(value)) for name, value in design.describe()["options"].items()
    )
    facts = (
        *(("design SHA-256", design.sha256), ("store", design.store), ("store fingerprint", design.fingerprint)),
        *(("splits SHA-256", design.splits_sha256), ("test images per training image", write_number(design.ratio))),
        *((f"SHA-256 of --{name.replace('_', '-')}", digest) for name, digest in design.hashes.items()),
    )
    frozen = "The design was frozen before anything was trained; `design.json` and `splits.csv` hold it."
    return Chapter(
        "design",
        "Design and feasibility",
        (
            Section((frozen,), (Table("Design", ("", ""), rows, words=True),)),
            Section(("What this design can decide:",), points=points),
            Section(tables=(Table("Options and provenance", ("Name", "Value"), (*options, *facts), words=True),)),
        ),
    )
