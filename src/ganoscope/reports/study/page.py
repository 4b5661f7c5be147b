"""The page of a study, and the same in plain text: warnings and verdict first, then everything behind them."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

from ganoscope.files import compute_sha256, load_json, replacing, save_json
from ganoscope.reports.kit.alarm_cards import SIGNS, Card
from ganoscope.reports.kit.plain_text import write_chapters
from ganoscope.reports.kit.rendering import render
from ganoscope.reports.study.artefacts import PLOTS, Findings, read_findings
from ganoscope.reports.study.sections import (
    beside,
    calibration_errors,
    decision,
    examples,
    forest_plot,
    goal,
    grad_cams,
    levels,
    limits,
    low_data,
    matrices,
    plan,
    provenance,
    ssim_histograms,
    subgroups,
    training_curves,
)
from ganoscope.studies.analysis import FOLDER
from ganoscope.studies.design import FILE as DESIGN
from ganoscope.studies.design import Design
from ganoscope.studies.judgement import FILE as VERDICT

PAGE, TEXT, MADE = "report.html", "comparison_report.txt", "report.json"
CHAPTERS = (
    *(plan.show, forest_plot.show, levels.show, beside.show, low_data.show, goal.show, subgroups.show),
    *(calibration_errors.show, matrices.show, training_curves.show, examples.show, grad_cams.show),
    *(ssim_histograms.show, provenance.show, limits.show),
)
"""The chapters after the verdict, in order; one that has nothing to show returns None."""


def save_reports(out: Path, design: Design, plots: bool = True) -> Path:
    """Writes `report.html`, its charts and `comparison_report.txt` into a study's folder, and returns the page's path.

    Args:
        out: Folder of the study, decided and analysed.
        design: Its design.
        plots: Whether charts are drawn.

    Raises:
        UserError: An artefact is missing or damaged.
    """
    made, sources = out / FOLDER / MADE, describe_sources(out, plots)
    if made.exists() and load_json(made) == {**sources, "made": hash_made(out)}:
        return out / PAGE
    content = collect_content(read_findings(out, design, plots))
    opening = [*content["warnings"], content["headline"]]
    text = write_chapters(content["title"], opening, [content["verdict"], *content["chapters"]])
    for name, written in ((PAGE, render(content, "study/template.html")), (TEXT, text)):
        with replacing(out / name) as partial:
            partial.write_text(written, encoding="utf-8")
    save_json(made, {**sources, "made": hash_made(out)})
    return out / PAGE


def hash_made(out: Path) -> dict[str, str]:
    """Returns the hashes of the page, its text and its charts, as far as they are there."""
    files = [out / PAGE, out / TEXT, *sorted((out / PLOTS).glob("*.png"))]
    return {path.relative_to(out).as_posix(): compute_sha256(path) for path in files if path.is_file()}


def describe_sources(out: Path, plots: bool) -> dict[str, Any]:
    """Returns what the page is made from: where that is the same as before, so is the page.

    Args:
        out: Folder of the study.
        plots: Whether charts are drawn.
    """
    files = [out / DESIGN, out / VERDICT, *sorted(path for path in (out / FOLDER).iterdir() if path.name != MADE)]
    named = {path.name: compute_sha256(path) for path in files}
    return {"plots": plots, "version": version("ganoscope"), "files": named}


def collect_content(findings: Findings) -> dict[str, Any]:
    """Returns everything that the template shows; draws the charts on the way."""
    found = findings.judgement
    chapters = [chapter for show in CHAPTERS if (chapter := show(findings))]
    return {
        "kind": "study",
        "opening": "Verdict",
        "title": f"Do synthetic images help on {findings.design.store}?",
        "abstract": " ".join([*found.warnings, begin(found.headline)]),
        "headline": begin(found.headline),
        "warnings": found.warnings,
        "cards": [make_warning(text) for text in found.warnings],
        "verdict": decision.show(findings),
        "chapters": chapters,
        "shows_real": bool(findings.examples) or findings.cams is not None,
    }


def make_warning(text: str) -> Card:
    """Returns a warning of the verdict as a card: its first word or words, before the colon, are the title."""
    title, colon, rest = text.partition(": ")
    if not colon:
        return Card("danger", SIGNS["danger"], "Read this first", text)
    return Card("danger", SIGNS["danger"], title, begin(rest))


def begin(sentence: str) -> str:
    """Returns a sentence with a capital at its beginning."""
    return sentence[:1].upper() + sentence[1:]
