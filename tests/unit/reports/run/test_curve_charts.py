"""Curves of any method's history."""

import sys
from xml.etree import ElementTree

import numpy as np
import pytest

from ganoscope.reports.run import curve_charts as charts


def make_history(steps, **columns):
    images = np.arange(1, steps + 1) * 32.0
    return {"images": images, "seconds": images / 10, **{name.replace("__", "."): v for name, v in columns.items()}}


def test_terms_are_grouped_by_phase_and_probabilities_kept_apart():
    one = np.ones(3)
    history = make_history(3, critic__real=one, critic__penalty=one, critic__d_real=one, generator__cycle=one)
    assert charts.group_terms(history) == {
        "critic": ["critic.real", "critic.penalty"],
        "generator": ["generator.cycle"],
    }
    assert charts.list_probabilities(history) == ["critic.d_real"]


@pytest.mark.parametrize("steps", [1, 2, 19, 5000])
def test_curves_are_drawn_for_any_length_with_gaps(steps):
    values = np.random.default_rng(0).normal(size=steps)
    sometimes = np.where(np.arange(steps) % 5 == 0, values, np.nan)
    history = make_history(steps, critic__real=values, generator__cycle=sometimes, critic__d_real=np.full(steps, 0.5))
    for draw in (charts.draw_losses, charts.draw_probabilities):
        text = draw(history)
        ElementTree.fromstring(text)
        assert len(text) < 400_000
        assert text == draw(history)


def test_a_column_without_values_is_no_error():
    ElementTree.fromstring(charts.draw_losses(make_history(4, generator__never=np.full(4, np.nan))))


def test_smoothing_is_a_centred_mean():
    values = np.random.default_rng(1).normal(size=50)
    naive = [values[max(0, i - 3) : i + 4].mean() for i in range(50)]
    assert charts.smooth(values, 7) == pytest.approx(naive)
    assert (charts.smooth(values, 1) == pytest.approx(values)) is True


def test_limits_ignore_a_few_extreme_steps():
    low, high = charts.find_limits([np.concatenate([np.linspace(0, 1, 999), [1e6]])])
    assert -0.2 < low < 0
    assert 1 < high < 1.2


def test_pyplot_is_not_touched():
    charts.draw_losses(make_history(3, critic__real=np.ones(3)))
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
