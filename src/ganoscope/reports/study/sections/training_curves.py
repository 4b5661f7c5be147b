"""Training of every arm: loss, accuracy, AUROC and share of synthetic images, mean and spread over splits."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ganoscope.figures.axes import draw_shared_legend, make_figure
from ganoscope.reports.kit.content import Chapter, Section, Table, write_number
from ganoscope.reports.study.artefacts import Findings
from ganoscope.reports.study.wording import find_look
from ganoscope.studies.analysis.mean_curves import CurvePoint

PANELS = {
    "train_loss": "training loss",
    "validation_loss": "validation loss",
    "validation_accuracy": "validation accuracy",
    "validation_auroc": "validation AUROC",
    "added_share": "share of added images",
}


def show(findings: Findings) -> Chapter | None:
    """Returns the curves of every network; None where no family is one."""
    families = list(dict.fromkeys(one.family for one in findings.curves))
    if not families:
        return None
    text = (
        "Lines are means over splits and seeds, bands one standard deviation to each side. An epoch has equally many "
        "steps in every arm. The share of added images tells how many of the images seen were synthetic (in the arm "
        "duplicated: repeated real ones); losses on mixtures with more of them are not comparable between arms."
    )
    sections = [Section((text,))]
    for family in families:
        points = [one for one in findings.curves if one.family == family and one.arm in findings.arms]
        alt = f"Training curves of {family}; the values of the last epoch are in the table."
        figures = findings.draw(f"curves_{family}".replace(".", "_"), alt, draw_curves, points, family)
        sections += [Section(figures=figures), Section(tables=(list_last(points, family),))]
    return Chapter("training", "Training", tuple(sections))


def list_last(points: Sequence[CurvePoint], family: str) -> Table:
    """Returns mean and standard deviation of every metric after the last epoch.

    Args:
        points: Points of one family.
        family: The family.
    """
    last = max(one.epoch for one in points)
    arms = list(dict.fromkeys(one.arm for one in points))
    cells = {(one.arm, one.metric): one for one in points if one.epoch == last}
    rows = tuple((arm, *(write_point(cells.get((arm, metric))) for metric in PANELS)) for arm in arms)
    caption = f"{family}: after epoch {last}, mean ± standard deviation over splits and seeds"
    return Table(caption, ("Arm", *PANELS.values()), rows)


def write_point(one: CurvePoint | None) -> str:
    """Returns mean and standard deviation; "" where there is no point."""
    if one is None:
        return ""
    return f"{one.mean:.3f} ± {one.sd:.3f}" if np.isfinite(one.sd) else write_number(one.mean)


def draw_curves(points: Sequence[CurvePoint], family: str) -> Any:
    """Returns a figure with a panel for each metric.

    Args:
        points: Points of one family.
        family: The family.
    """
    figure = make_figure(5.6)
    grid: Any = figure.subplots(2, 3)
    grid.flat[-1].set_axis_off()
    arms = list(dict.fromkeys(one.arm for one in points))
    for axes, (metric, title) in zip(grid.flat, PANELS.items(), strict=False):
        for number, arm in enumerate(arms):
            own = sorted((one for one in points if (one.arm, one.metric) == (arm, metric)), key=lambda one: one.epoch)
            epochs, means = [one.epoch for one in own], np.array([one.mean for one in own])
            spread = np.nan_to_num([one.sd for one in own])
            look = find_look(arm)
            axes.fill_between(epochs, means - spread, means + spread, color=look["color"], alpha=0.1, linewidth=0)
            axes.plot(epochs, means, linewidth=1.5, label=arm, zorder=len(arms) - number + 2, **look)
        axes.set(title=title)
        axes.xaxis.get_major_locator().set_params(integer=True)
    for axes in (grid[0, 2], *grid[1, :2]):
        axes.set_xlabel("epoch")
    figure.suptitle(family, fontsize=10, fontweight="bold", x=0.01, ha="left")
    draw_shared_legend(figure, grid, min(5, len(arms)))
    return figure
