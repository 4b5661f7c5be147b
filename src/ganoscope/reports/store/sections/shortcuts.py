"""Shortcuts without pixels: how well facts about the files predict the class."""

from collections.abc import Sequence

import numpy as np

from ganoscope.figures.axes import COLOURS, INK, make_figure, measure_arms, name_plainly, styled, to_svg
from ganoscope.reports.kit.content import Table
from ganoscope.reports.store.artefacts import Evidence
from ganoscope.reports.store.chapter import StoreChapter, show_chart

ANCHOR, TITLE = "shortcuts", "Shortcuts without pixels"


def show(evidence: Evidence) -> StoreChapter:
    """Returns how well facts from the manifest predict the class, without a pixel."""
    found = evidence.findings.shortcuts
    if len(evidence.classes) < 2 or not found:
        reason = "there are not two classes" if len(evidence.classes) < 2 else "no fact differs between the images"
        return StoreChapter(ANCHOR, TITLE, (f"Nothing to measure: {reason}.",))
    text = (
        "How well a classifier predicts the class from one fact about the file alone. Where it can (interval above "
        "0.5), a classifier of the images may use that fact instead of the disease, and a generator reproduces it."
    )
    rows = [
        (entry.name, f"{entry.auc:.3f}", f"{entry.low:.3f} to {entry.high:.3f}", f"{entry.images:,}", entry.note or "-")
        for entry in found
    ]
    table = Table("AUC by fact", ("Fact", "AUC", "Interval", "Images", "Remark"), tuple(rows), words=True)
    measured = [(str(e.name), float(e.auc), float(e.low), float(e.high)) for e in found if np.isfinite(e.auc)]
    if not measured:
        return StoreChapter(ANCHOR, TITLE, (text,), tables=(table,))
    alt = "Bar chart of the AUC of each fact: " + "; ".join(f"{name} {auc:.2f}" for name, auc, *_ in measured) + "."
    caption = "Orange diamonds: the interval lies above chance. Grey circles: it does not."
    return StoreChapter(
        ANCHOR, TITLE, (text,), tables=(table,), figures=(show_chart(draw_shortcuts(measured), alt, caption),)
    )


@styled
def draw_shortcuts(rows: Sequence[tuple[str, float, float, float]]) -> str:
    """Returns how well single facts predict the class as SVG: (name, AUC, lowest, highest) per row."""
    figure = make_figure(0.75 + 0.34 * len(rows))
    axes = figure.add_subplot()
    for row, (_, auc, low, high) in enumerate(rows):
        strong = low > 0.5
        colour = COLOURS[1] if strong else "#98a2b3"
        axes.barh(row, auc - 0.5, left=0.5, height=0.5, color=colour, alpha=0.35)
        axes.errorbar(
            auc,
            row,
            xerr=measure_arms(auc, low, high),
            fmt="D" if strong else "o",
            color=colour,
            markersize=4.5,
            capsize=4,
        )
    axes.axvline(0.5, color=INK, linewidth=1, linestyle=(0, (1, 2)))
    axes.set_axisbelow(True)
    lowest = min(0.45, *(low for _, _, low, _ in rows)) if rows else 0.45
    axes.set(
        yticks=range(len(rows)),
        yticklabels=[name_plainly(name) for name, *_ in rows],
        ylim=(len(rows) - 0.5, -0.5),
        xlim=(max(0.0, lowest - 0.02), 1.0),
        xlabel="cross-validated AUC of the label (0.5: chance; 1: this fact alone gives the label away)",
    )
    return to_svg(figure)
