"""The curve of an audit over training: fidelity above, leak below, by images seen."""

from collections.abc import Sequence
from typing import Any

from ganoscope.audits.scorecard import Point
from ganoscope.figures.axes import COLOURS, FAINT, make_figure

CURVE = "checkpoints.png"
HEIGHT_INCHES = 4.6
CHANCE = 0.5
NARROWEST = 0.45, 0.6
"""Range of AUC that is shown at least: differences within it are mostly chance."""


def draw_curve(points: Sequence[Point]) -> Any:
    """Returns a figure with two panels: distance from real images, and how well members can be told.

    Args:
        points: The checkpoints, in ascending order.
    """
    from matplotlib.ticker import LogLocator  # imported late: it takes time

    figure = make_figure(HEIGHT_INCHES)
    above, below = figure.subplots(2, 1, sharex=True)
    seen = [one.images_seen for one in points]
    above.plot(seen, [one.times_floor for one in points], "o-", color=COLOURS[0])
    above.axhline(1, **FAINT)
    above.set_yscale("log")  # a distance falls by orders of magnitude at first
    above.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    above.yaxis.set_major_formatter("{x:g}")
    above.yaxis.set_minor_formatter("")
    above.set_ylabel("multiple")
    above.set_title("Fréchet distance from real images, as a multiple of that between real patients (dotted: 1)")
    below.plot(seen, [one.auc for one in points], "o-", color=COLOURS[1])
    leaking = [one for one in points if one.leaks]
    heights = [one.auc if one.auc == one.auc else CHANCE for one in leaking]
    below.plot([one.images_seen for one in leaking], heights, "s", color=COLOURS[1], markersize=11, fillstyle="none")
    below.axhline(CHANCE, **FAINT)
    low, high = below.get_ylim()
    below.set_ylim(min(low, NARROWEST[0]), max(high, NARROWEST[1]))
    below.set_ylabel("AUC")
    below.set_title("Telling members by the released images (dotted: as by chance; squares: a leak is shown)")
    below.xaxis.set_major_formatter("{x:,.0f}")
    below.set_xlabel("images seen in training")
    return figure
