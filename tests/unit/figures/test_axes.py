"""The look of charts: settings stay local, SVG is reproducible, legends name each thing once."""

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from ganoscope.figures.axes import (
    STYLE,
    collect_legend,
    draw_shared_legend,
    make_figure,
    measure_arms,
    name_plainly,
    styled,
    to_svg,
)


@styled
def draw(height, label="line"):
    figure = make_figure(height)
    figure.add_subplot().plot([0, 1], label=label)
    return to_svg(figure), mpl.rcParams["axes.grid"]


def test_settings_hold_while_drawing_and_not_afterwards():
    before = {name: mpl.rcParams[name] for name in STYLE}
    assert draw(2.0, label="given by name")[1] == STYLE["axes.grid"] != before["axes.grid"]
    assert {name: mpl.rcParams[name] for name in STYLE} == before


def test_the_same_figure_is_the_same_svg():
    assert draw(2.0)[0] == draw(2.0)[0]
    assert "<dc:date>" not in draw(2.0)[0]


def test_figures_have_a_size_in_inches_and_are_white():
    figure = make_figure(3, 12)
    assert figure.get_size_inches().tolist() == [12, 3]
    assert figure.get_dpi() == 100
    assert figure.get_facecolor() == (1, 1, 1, 1)


def test_a_shared_legend_names_each_line_once():
    figure = Figure(layout="constrained")
    grid = np.array([figure.add_subplot(1, 2, number + 1) for number in range(2)])
    for axes in grid:
        axes.plot([0, 1], label="real images")
        axes.plot([1, 0], label="_")
    assert collect_legend(grid)[1] == ["real images"]
    draw_shared_legend(figure, grid, columns=2)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["real images"]


def test_class_names_are_no_formulas():
    assert name_plainly("$x$ and $y$") == r"\$x\$ and \$y\$"


def test_error_bars_are_drawn_where_the_interval_ends_just_short_of_the_value():
    axes = Figure().add_subplot()
    for value, low, high in ((1.0 + 1e-7, 0.2, 1.0), (-1e-9, 0.0, 0.3)):
        axes.errorbar(value, 0, xerr=measure_arms(value, low, high))  # a negative arm is a ValueError
