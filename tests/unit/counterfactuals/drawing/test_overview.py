"""Charts show what was measured, and of which images."""

import numpy as np
from PIL import Image

from ganoscope.counterfactuals.drawing.overview import Curves, draw_controls, draw_response, save_contact_sheet
from ganoscope.evaluate.counterfactual.measures import Response
from ganoscope.evaluate.counterfactual.set_findings import Findings
from ganoscope.statistics.estimate import Estimate

STRENGTHS = np.array([0.0, 1.0])


def make_curves(already, directions):
    values = np.array([[0.1, 0.9], [0.3, 0.7], [0.9, 1.0]])
    unknown = np.full_like(values, np.nan)
    response = Response(values, unknown, unknown, unknown)
    return Curves(STRENGTHS, response, np.array(already), np.array(directions), np.array(["a", "b", "c"]))


def test_images_that_are_of_the_target_already_do_not_flatten_the_response():
    figure = draw_response(make_curves([False, False, True], ["a to b"] * 3), seed=0)
    (line,) = figure.axes[0].lines
    assert np.allclose(line.get_ydata(), [0.2, 0.8])
    assert figure.axes[0].get_title() == "a to b (n = 2)"
    assert draw_response(make_curves([True] * 3, ["a to b"] * 3), seed=0) is None


def test_every_direction_has_a_chart_of_its_own():
    figure = draw_response(make_curves([False] * 3, ["a to b", "b to a", "a to b"]), seed=0)
    assert [axes.get_title() for axes in figure.axes] == ["a to b (n = 2)", "b to a (n = 1)"]
    assert np.allclose([axes.lines[0].get_ydata() for axes in figure.axes], [[0.5, 0.95], [0.3, 0.7]])
    shares = [{"flip": Estimate(one, one, one, 4, 4), "attack_flip": Estimate(1, 1, 1, 4, 4)} for one in (0.25, 1.0)]
    bars = draw_controls(Findings(dict(zip(("a to b", "b to a"), shares, strict=True)), {}))
    assert [axes.patches[0].get_height() for axes in bars.axes] == [0.25, 1.0]
    assert draw_controls(Findings({"a to b": {}}, {})) is None


def test_the_sheet_has_blocks_of_each_kind_of_images(tmp_path):
    dark, bright = (np.full((4, 96, 96, 3), value, np.uint8) for value in (100, 200))
    save_contact_sheet(tmp_path / "sheet.png", [("a to b", [dark] * 9), ("b to a", [bright] * 2)], "±1")
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))[..., 0]
    rows = (sheet[:, -8 * 98 + 40] != 64).sum() // 96
    assert rows == 12, "two blocks of four rows, and one of the other direction"
    assert [(sheet == value).sum() // 96**2 for value in (100, 200)] == [36, 8]
