"""The look of charts: palette, line styles, sizes, legends, and SVG. No pyplot: nothing global changes."""

import functools
import io
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from numpy.typing import NDArray

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's palette, which colour-blind readers can tell apart."""
STYLES = ("-", "--", "-.", ":")
"""Lines differ in style as well: a report is also printed in grey."""
INK = "#344054"
"""Colour of reference lines and of text inside a chart."""
FAINT = {"color": INK, "linewidth": 1, "linestyle": (0, (1, 2))}
"""Look of a reference line."""
WIDTH_INCHES = 9.0
LABEL_LENGTH = 26
"""Characters of a class name in a chart, at most."""
STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#667085",
    "axes.grid": True,
    "grid.color": "#e4e7ec",
    "grid.linewidth": 0.7,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "svg.hashsalt": "ganoscope",
}
"""Matplotlib settings of the charts on a page."""
Arguments = ParamSpec("Arguments")
Drawn = TypeVar("Drawn")


def styled(draw: Callable[Arguments, Drawn]) -> Callable[Arguments, Drawn]:
    """Returns the function, drawing with the settings in `STYLE`."""

    @functools.wraps(draw)
    def draw_in_style(*arguments: Arguments.args, **options: Arguments.kwargs) -> Drawn:
        import matplotlib

        with matplotlib.rc_context(STYLE):
            return draw(*arguments, **options)

    return draw_in_style


def make_figure(height_inches: float, width_inches: float = WIDTH_INCHES) -> Any:
    """Returns an empty white figure, 100 pixels per inch; its panels make room for each other."""
    from matplotlib.figure import Figure  # imported late: it takes a second

    return Figure(figsize=(width_inches, height_inches), dpi=100, facecolor="white", layout="constrained")


def to_svg(figure: Any) -> str:
    """Returns a figure as SVG text, the same bytes for the same figure."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return text.getvalue()


def name_plainly(label: str) -> str:
    r"""Returns a class name fit for a chart: shortened, and with no part of it taken for a formula.

    Example:
        >>> name_plainly("cost in $"), len(name_plainly("x" * 99))
        ('cost in \\$', 26)
    """
    short = label if len(label) <= LABEL_LENGTH else label[: LABEL_LENGTH - 1] + "…"
    return short.replace("$", r"\$")


def measure_arms(value: float, low: float, high: float) -> list[list[float]]:
    """Returns the lengths of an error bar's two arms, shape (2, 1), for matplotlib's `errorbar`.

    An arm is 0 where the interval ends at the value: rounding and the limits of a measure can put the end just inside.

    Args:
        value: The measured value.
        low: Lower end of its interval.
        high: Upper end of its interval.

    Example:
        >>> measure_arms(1.0000001, 0.75, 1.0)[1]
        [0.0]
    """
    return [[max(0.0, value - low)], [max(0.0, high - value)]]


def draw_shared_legend(figure: Any, grid: NDArray[Any], columns: int) -> None:
    """Draws one legend for all charts of a figure, below them.

    Args:
        figure: The figure.
        grid: Its axes, an array of any shape.
        columns: Entries side by side.
    """
    handles, labels = collect_legend(grid)
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False, fontsize=10)


def collect_legend(grid: NDArray[Any]) -> tuple[list[Any], list[str]]:
    """Returns the handles and labels of all charts in an array of axes (any shape), each label once."""
    found: dict[str, Any] = {
        label: handle for axes in grid.flat for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    return list(found.values()), list(found)
