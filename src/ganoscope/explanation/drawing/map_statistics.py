"""Statistics of heat maps as charts: randomisation, regions, deletion and insertion."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ganoscope.explanation.checks.deletion import FRACTIONS, MeanCurves
from ganoscope.explanation.checks.randomisation import IGNORES_WEIGHTS
from ganoscope.explanation.drawing.map_panels import WORDS
from ganoscope.explanation.findings import Findings, MeanCurvesByTarget, SetFindings
from ganoscope.explanation.regions import REGIONS
from ganoscope.explanation.targets import TARGETS
from ganoscope.figures.axes import COLOURS, draw_shared_legend, make_figure, measure_arms
from ganoscope.statistics.estimate import Estimate

WIDTH_INCHES = 12
COLOUR = {"real": COLOURS[0], "generated": COLOURS[1]}
MARK = {"real": "o", "generated": "s"}
GREY = "#666666"


def chart_randomisation(findings: Findings) -> Figure:
    """Returns the similarity to the original map at every stage of randomisation, by target."""
    figure = make_figure(7, WIDTH_INCHES)
    grid = figure.subplots(2, len(TARGETS), sharey="row", sharex="col", squeeze=False)
    for column, name in zip(grid.T, TARGETS, strict=True):
        target = findings.targets[name]
        column[0].set_title(WORDS[name], fontsize=12)
        for kind, one in target.sets.items():
            draw_stages(column[0], one.rank_correlation, kind, one)
            draw_stages(column[1], one.ssim, kind, one)
        column[0].axhline(IGNORES_WEIGHTS, color="black", linestyle="--", linewidth=1, label="alarm, at the last stage")
        column[0].axhline(
            target.chance_rank_correlation, color=GREY, linestyle=":", linewidth=1.5, label="same maps moved at random"
        )
        for label in column[1].get_xticklabels():
            label.set(rotation=45, horizontalalignment="right", rotation_mode="anchor")
        column[1].set_xlabel("destroyed, from the head down")
    grid[0, 0].set_ylabel("mean |rank correlation|")
    grid[1, 0].set_ylabel("mean structural similarity")
    grid[0, 0].set_ylim(-0.03, 1.05)
    draw_shared_legend(figure, grid, 4)
    title = "Do the maps depend on the weights? Similarity to the original map, with 95% intervals"
    figure.suptitle(title, fontsize=12)
    return figure


def draw_stages(axes: Axes, stages: dict[str, Estimate], kind: str, one: SetFindings) -> None:
    """Draws one curve over the stages, which begins at 1 with the original map.

    Args:
        axes: Where to draw.
        stages: Mean similarity to the original map, by stage.
        kind: Name of the set: `real` or `generated`.
        one: The set's statistics.
    """
    if one.empty == one.images:
        return
    names = ["original", *stages]
    middle = [1.0, *(stage.value for stage in stages.values())]
    low, high = [1.0, *(stage.low for stage in stages.values())], [1.0, *(stage.high for stage in stages.values())]
    axes.plot(names, middle, marker=MARK[kind], color=COLOUR[kind], label=f"{kind} images")
    axes.fill_between(names, low, high, color=COLOUR[kind], alpha=0.2, linewidth=0)
    axes.grid(alpha=0.3)


def chart_regions(findings: Findings) -> Figure:
    """Returns where the maps lie, real against generated, beside each region's share of the area."""
    figure = make_figure(5, WIDTH_INCHES)
    grid = figure.subplots(1, len(TARGETS), sharey=True, squeeze=False)
    for axes, (name, target) in zip(grid.flat, findings.targets.items(), strict=True):
        counts = ", ".join(f"{one.images - one.empty} of {one.images} {kind}" for kind, one in target.sets.items())
        axes.set_title(f"{WORDS[name]}\nmaps that are not empty: {counts}", fontsize=11)
        for offset, (kind, one) in zip((-0.12, 0.12), target.sets.items(), strict=True):
            draw_regions(axes, one, kind, offset)
        axes.set_xticks(range(len(REGIONS)), REGIONS, fontsize=11)
        axes.set_xlim(-0.5, len(REGIONS) - 0.5)
        axes.grid(axis="y", alpha=0.3)
    grid[0, 0].set_ylabel("share of attention (%)")
    grid[0, 0].set_ylim(-3, 103)
    draw_shared_legend(figure, grid, 4)
    figure.suptitle("Where attention lies relative to the anatomy, with 95% intervals", fontsize=12)
    return figure


def draw_regions(axes: Axes, one: SetFindings, kind: str, offset: float) -> None:
    """Draws the shares of one set as points with intervals, and the shares of the area as short lines.

    Args:
        axes: Where to draw.
        one: The set's statistics.
        kind: Name of the set: `real` or `generated`.
        offset: Distance from the middle of each region's place.
    """
    if one.empty == one.images:
        return
    for position, region in enumerate(one.regions.values()):
        label = f"{kind} images" if position == 0 else "_"
        x, share = position + offset, region.share
        reach = measure_arms(100 * share.value, 100 * share.low, 100 * share.high)
        axes.errorbar(
            x, 100 * share.value, reach, fmt=MARK[kind], color=COLOUR[kind], capsize=4, markersize=7, label=label
        )
        axes.hlines(
            100 * region.area.value,
            x - 0.09,
            x + 0.09,
            color=COLOUR[kind],
            linestyle=":",
            linewidth=2.5,
            label=f"area of the region, {kind} (no preference)" if position == 0 else "_",
        )


def chart_curves(curves: MeanCurvesByTarget, findings: Findings) -> Figure:
    """Returns the deletion and insertion curves of both sets against random maps, by target."""
    figure = make_figure(3.3 * len(TARGETS) + 0.8, WIDTH_INCHES)
    grid = figure.subplots(len(TARGETS), 4, squeeze=False, sharex=True)
    for row, name in zip(grid, TARGETS, strict=True):
        for pair, (kind, means) in zip((row[:2], row[2:]), curves[name].items(), strict=True):
            found = findings.targets[name].sets[kind]
            for axes, mean, summary in zip(pair, means, (found.deletion, found.insertion), strict=True):
                draw_curves(axes, mean, summary.gain, kind)
        row[0].set_ylabel(f"{WORDS[name]}\nmean score (logit)", fontsize=10)
    for axes in grid[-1]:
        axes.set_xlabel("% of pixels changed", fontsize=10)
    draw_shared_legend(figure, grid, 3)
    figure.suptitle(
        "Do the marked pixels move the score? Deletion should fall below random, insertion rise above it", fontsize=12
    )
    return figure


def draw_curves(axes: Axes, curves: MeanCurves, gain: Estimate, kind: str) -> None:
    """Draws the mean score along the way, by the map and by chance, with intervals.

    Args:
        axes: Where to draw.
        curves: Mean curves of one set.
        gain: How much better than chance they are; over no image where every map is empty.
        kind: Name of the set: `real` or `generated`.
    """
    title = f"{curves.kind}, {kind} (n = {gain.n})"
    if not gain.n:
        axes.set_title(f"{title}\nevery map is empty", fontsize=10)
        axes.set_yticks([])
        return
    axes.set_title(f"{title}\ngain over random: {gain.value:.2f} [{gain.low:.2f}, {gain.high:.2f}]", fontsize=9.5)
    styles = (
        (f"by the map, {kind} images", curves.by_map, COLOUR[kind], "-"),
        ("random map", curves.by_chance, GREY, "--"),
    )
    for label, points, colour, line in styles:
        axes.plot(100 * FRACTIONS, [point.value for point in points], line, color=colour, label=label)
        low, high = [point.low for point in points], [point.high for point in points]
        axes.fill_between(100 * FRACTIONS, low, high, color=colour, alpha=0.18, linewidth=0)
    axes.grid(alpha=0.3)
