"""Confusion matrices of every arm, summed over splits."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.figures.axes import INK, make_figure, name_plainly
from ganoscope.reports.kit.content import Chapter, Section, Table
from ganoscope.reports.study.artefacts import Findings
from ganoscope.studies.result_files import HELD_OUT

COLUMNS = 3
"""Matrices side by side."""
MATRIX_CLASSES = 8
"""Most classes whose matrices are drawn and listed."""
Matrices = dict[str, NDArray[np.int64]]


def show(findings: Findings) -> Chapter | None:
    """Returns the matrices of every family; None where there are too many classes to show."""
    classes = list(dict.fromkeys(one.label for one in findings.cells))
    if not 1 < len(classes) <= MATRIX_CLASSES:
        return None
    text = (
        "Held-out images of all splits together by true class (rows) and predicted class (columns); an image counts "
        "once for every split that held it out, and for every seed. Shade is the share of the row."
    )
    sections = [Section((text,))]
    for family in findings.design.config.families:
        found = find_matrices(findings, family, classes)
        alt = f"Confusion matrices of {family} for {len(found)} arms; the numbers are in the table."
        figures = findings.draw(f"confusion_{family}".replace(".", "_"), alt, draw_matrices, found, classes, family)
        rows = tuple(
            (f"{arm}: {label}", *(f"{count:,}" for count in row))
            for arm, matrix in found.items()
            for label, row in zip(classes, matrix.tolist(), strict=True)
        )
        header = ("Arm: true class", *(f"predicted {label}" for label in classes))
        sections += [Section(figures=figures), Section(tables=(Table(f"{family}: images", header, rows, long=True),))]
    return Chapter("confusion", "Confusion matrices", tuple(sections))


def find_matrices(findings: Findings, family: str, classes: list[str]) -> Matrices:
    """Returns the matrix of every arm, shape (K, K).

    Args:
        findings: What the page shows.
        family: Family of classifiers.
        classes: Names of the K classes.
    """
    found: Matrices = {}
    for one in findings.cells:
        if (one.part, one.family) == (HELD_OUT, family) and one.arm in findings.arms:
            matrix = found.setdefault(one.arm, np.zeros((len(classes), len(classes)), np.int64))
            matrix[classes.index(one.label), classes.index(one.prediction)] = one.images
    return found


def draw_matrices(matrices: Matrices, classes: list[str], family: str) -> Any:
    """Returns a figure of the matrices of all arms.

    Args:
        matrices: By arm, shape (K, K).
        classes: Names of the K classes.
        family: Family of classifiers.
    """
    rows = -(-len(matrices) // COLUMNS)
    figure = make_figure(0.3 + 2.9 * rows)
    figure.suptitle(family, fontsize=10, fontweight="bold", x=0.01, ha="left")
    grid: Any = figure.subplots(rows, COLUMNS, squeeze=False)
    for axes in grid.flat[len(matrices) :]:
        axes.set_axis_off()
    names = [name_plainly(label) for label in classes]
    for place, (axes, (arm, matrix)) in enumerate(zip(grid.flat, matrices.items(), strict=False)):
        shares = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for row, column in np.ndindex(*matrix.shape):
            colour = "white" if shares[row, column] > 0.55 else INK
            text = f"{matrix[row, column]:,}\n{shares[row, column]:.0%}"
            axes.text(column, row, text, ha="center", va="center", fontsize=8, color=colour)
        axes.set(xticks=range(len(names)), yticks=range(len(names)))
        axes.set_xticklabels(names, rotation=30, ha="right", fontsize=8)
        axes.set_yticklabels(names if place % COLUMNS == 0 else [], fontsize=8)
        axes.set_title(arm)
        axes.grid(visible=False)
    return figure
