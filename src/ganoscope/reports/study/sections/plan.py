"""The frozen design, and what it can decide."""

from ganoscope.reports.kit.content import Chapter, Section, Table
from ganoscope.reports.study.artefacts import Findings
from ganoscope.reports.study.printed import describe_feasibility, list_design


def show(findings: Findings) -> Chapter:
    """Returns the design table and the feasibility check."""
    design = findings.design
    frozen = "Frozen before anything was trained; `design.json` and `splits.csv` hold it."
    rows = tuple((name, text.replace("`", "")) for name, text in list_design(design).items())
    table = Table("Design", ("", ""), rows, words=True)
    sentences = describe_feasibility(design.feasibility, design.config.expected_sd)
    points = tuple(f"{line[:1].upper()}{line[1:]}." for line in sentences)
    content = (Section((frozen,), (table,)), Section(("What this design can decide:",), points=points))
    return Chapter("design", "Design and feasibility", content)
