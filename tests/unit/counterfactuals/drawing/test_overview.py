"""Charts and words say what was measured, and of which images."""

from types import SimpleNamespace

import numpy as np
import pytest

from ganoscope.counterfactuals.drawing.case_summary import describe_case
from ganoscope.counterfactuals.drawing.overview import draw_response
from ganoscope.counterfactuals.results.set_summary import describe_validity
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.evaluate.counterfactual.measures import CHANGES, FLIPS, NAMES, Measures, Response
from ganoscope.statistics.bootstrap import Estimate

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


@pytest.mark.parametrize("already", [False, True])
def test_the_words_on_a_panel_name_no_number_that_there_is_not(already):
    known = [name for name in NAMES if not (already and name in CHANGES + FLIPS)]
    measures = Measures(**{name: np.array([0.5 if name in known else np.nan]) for name in NAMES})
    pairs = SimpleNamespace(target=np.array(["well"]), already=np.array([already]))
    batch = SimpleNamespace(measures=measures, pairs=pairs, cases=[SimpleNamespace(name="000000")])
    setting = SimpleNamespace(intensity=IntensityMap(0.0, 255.0, "grey 8 bit", "uint8"))
    words = "\n".join(describe_case(setting, batch, 0))
    assert "nan" not in words
    assert ("no counterfactual" in words, "mean change" in words) == (already, not already)


def test_a_classifier_that_was_asked_of_images_of_the_target_was_asked():
    asked = {"probability_before": Estimate(0.9, 0.8, 1.0, 4, 4)}
    assert "no flip to count" in describe_validity(asked, None)[0]
    assert describe_validity({}, None)[0].startswith("No classifier was given")
