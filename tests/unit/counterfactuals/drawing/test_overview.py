"""Charts show what was measured, and of which images."""

import numpy as np

from ganoscope.counterfactuals.drawing.overview import draw_response
from ganoscope.evaluate.counterfactual.measures import Response

STRENGTHS = np.array([0.0, 1.0])


def make_response():
    curves = np.array([[0.1, 0.9], [0.3, 0.7], [0.9, 1.0]])
    unknown = np.full_like(curves, np.nan)
    return Response(curves, unknown, unknown, unknown)


def test_images_that_are_of_the_target_already_do_not_flatten_the_response():
    figure = draw_response(STRENGTHS, make_response(), np.array([False, False, True]), ["a", "b", "c"], seed=0)
    (line,) = figure.axes[0].lines
    assert np.allclose(line.get_ydata(), [0.2, 0.8])
    assert "n = 2" in figure.axes[0].get_ylabel()
    assert draw_response(STRENGTHS, make_response(), np.ones(3, bool), ["a", "b", "c"], seed=0) is None
