"""Charts of a classifier: odd class names, reproducible bytes."""

import numpy as np
from tests.fixtures.predictions import make_up_predictions

from ganoscope.evaluate.classification.curve_points import compute_curves
from ganoscope.evaluate.classification.metrics import score
from ganoscope.reports.classifier.sections.confusion import draw_confusion
from ganoscope.reports.classifier.sections.reliability import draw_reliability
from ganoscope.reports.classifier.sections.roc_curves import draw_precision_recall, draw_roc
from ganoscope.reports.kit.chart_files import save_chart


def test_charts_of_names_with_formulas_are_drawn_and_the_same_for_the_same_numbers(tmp_path):
    predictions = make_up_predictions([0, 2, 2, 0], np.eye(3)[[0, 2, 1, 0]], ("a", "b $x$", "c"))
    scores, curves = score(predictions), compute_curves(predictions)
    for draw in (draw_roc, draw_precision_recall, draw_reliability):
        first, second = (save_chart(tmp_path / "chart.png", draw, curves, scores) for _ in range(2))
        assert first == second
        assert first.startswith("<?xml")
    assert save_chart(tmp_path / "c.png", draw_confusion, scores).startswith("<?xml")
