from ganoscope.audits.scorecard import Point
from ganoscope.reports.audit.over_training_chart import draw_curve


def test_leaks_are_marked_on_the_curve():
    figure = draw_curve([Point(10, "a", 3.0, 0.5, 0, "", 2), Point(20, "b", 2.0, float("nan"), 1, "copied_images", 2)])
    above, below = figure.axes
    assert above.lines[0].get_ydata().tolist() == [3.0, 2.0]
    assert below.lines[1].get_xdata().tolist() == [20]
    assert below.lines[1].get_ydata().tolist() == [0.5]
