"""All arms against the baseline: a forest plot per family of classifiers, and the numbers."""

from collections.abc import Sequence
from typing import Any

from ganoscope.figures.axes import COLOURS, FAINT, INK, make_figure, measure_arms
from ganoscope.reports.kit.content import Chapter, Section, Table
from ganoscope.reports.study.artefacts import Findings
from ganoscope.reports.study.sections.decision import HEADER, write_comparison
from ganoscope.reports.study.wording import name_metric, write_change
from ganoscope.statistics.verdict import EQUAL, HARMS, HELPS
from ganoscope.studies.evidence.comparisons import Comparison

MARKS = {HELPS: ("^", COLOURS[2]), HARMS: ("v", COLOURS[1]), EQUAL: ("s", COLOURS[0])}
"""Marker and colour of a verdict; a grey circle for no evidence."""


def show(findings: Findings) -> Chapter:
    """Returns the forest plot and the table of all comparisons."""
    found = findings.judgement
    metric = name_metric(found.endpoint)
    rows = tuple(write_comparison(one) for one in found.comparisons)
    table = Table(f"{metric}, arm minus baseline", HEADER, rows)
    text = (
        f"Points are mean differences of {metric} from the baseline over splits, bars their intervals, adjusted over "
        "the arms of a classifier (by Holm where splits vary, by Bonferroni where patients are resampled); ticks below "
        "them are the single splits. The shaded band is the margin: "
        "differences in it count as equal. Only one comparison decides; the others show how far the result depends on "
        "arm and classifier."
    )
    alt = f"Forest plot of {len(rows)} comparisons; the numbers are in the table below."
    figures = findings.draw("arms", alt, draw_forest, found.comparisons, found.margin, metric)
    return Chapter("arms", "All arms", (Section((text,), figures=figures), Section(tables=(table,))))


def draw_forest(comparisons: Sequence[Comparison], margin: float, metric: str) -> Any:
    """Returns a forest plot with a panel for each family and part.

    Args:
        comparisons: All comparisons.
        margin: Differences up to this are practically equal.
        metric: Title of the endpoint.
    """
    panels = list(dict.fromkeys((one.part, one.family) for one in comparisons))
    members = [[one for one in comparisons if (one.part, one.family) == panel] for panel in panels]
    counts = [len(each) for each in members]
    figure = make_figure(0.9 + 0.36 * sum(counts) + 0.5 * len(panels))
    grid: Any = figure.subplots(
        len(panels), 1, sharex=True, squeeze=False, height_ratios=[count + 0.8 for count in counts]
    )[:, 0]
    for axes, (part, family), each in zip(grid, panels, members, strict=True):
        axes.axvspan(-margin, margin, color=COLOURS[5], alpha=0.25, linewidth=0)
        axes.axvline(0, color=INK, linewidth=1)
        for place, one in enumerate(each):
            draw_arm(axes, one, place)
        names = [f"{one.arm}{' (decides)' if one.decides else ''}" for one in each]
        axes.set(yticks=range(len(each)), yticklabels=names, ylim=(len(each) - 0.4, -0.6))
        axes.set_title(f"{family}, {part.replace('_', '-')}")
        axes.grid(axis="y", visible=False)
    grid[-1].set_xlabel(f"difference of {metric} from the baseline (harms < 0 < helps)")
    return figure


def draw_arm(axes: Any, one: Comparison, place: int) -> None:
    """Draws one comparison: interval, point, and its numbers at the right.

    Args:
        axes: Where to draw.
        one: The comparison.
        place: Its row.
    """
    verdict, value = one.verdict, one.difference.value
    marker, colour = MARKS.get(verdict.word, ("o", INK))
    arms = measure_arms(value, verdict.low, verdict.high)
    axes.errorbar(value, place, xerr=arms, fmt=marker, color=colour, capsize=3, markersize=6, linewidth=1.6)
    numbers = f"{write_change(value)} ({write_change(verdict.low)} to {write_change(verdict.high)})  {verdict.word}"
    axes.annotate(
        *(numbers, (1.01, place)),
        xycoords=("axes fraction", "data"),
        va="center",
        fontsize=8.5,
        color=colour,
        annotation_clip=False,
    )
    for each in one.differences:
        axes.plot(each, place + 0.22, "|", color=FAINT["color"], markersize=4, alpha=0.6)
