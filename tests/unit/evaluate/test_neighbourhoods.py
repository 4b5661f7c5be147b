"""Shares of images in each other's neighbourhoods: what they say of collapsed and of far generators."""

import numpy as np
import pytest

from ganoscope.errors import UserError
from ganoscope.evaluate import neighbourhoods
from ganoscope.evaluate.comparison import Comparison
from ganoscope.evaluate.features import Features
from ganoscope.evaluate.neighbourhoods import compare_sets, find_reference, measure_share


def make(values, groups=None):
    return Features(values, np.arange(len(values)) if groups is None else groups, "drawn", "none")


def draw(count=40, seed=0, shift=0.0, scale=1.0):
    return make(np.random.default_rng(seed).normal(shift, scale, (count, 4)))


def test_a_collapsed_generator_is_precise_without_recall():
    found = compare_sets(draw(seed=1, scale=0.01), find_reference(draw()))
    assert found.precision.value == 1
    assert found.recall.value < 0.1
    assert found.coverage.value < 0.6


def test_a_far_generator_is_neither():
    found = compare_sets(draw(seed=1, shift=20), find_reference(draw()))
    assert (found.precision.value, found.recall.value, found.density.value, found.coverage.value) == (0, 0, 0, 0)


def test_value_and_floor_are_measured_on_equally_many_images():
    features = (draw(100, 1), draw(80, 2), draw(30, 3))
    measured = measure_share("precision", Comparison(features=features))
    assert measured.value.n == measured.floor.n == 30
    assert measured.at_floor_size == measured.value.value
    assert measured.better == "higher"
    halves = measure_share("recall", Comparison(features=(*features[:2], None)))
    assert halves.floor.n == halves.value.n == 40


def test_images_of_few_patients_are_refused():
    with pytest.raises(UserError, match="too few images of other patients"):
        find_reference(make(np.zeros((9, 4)), np.array([0] * 5 + [1] * 4)))


def test_evidence_keeps_its_neighbourhoods_for_all_shares(monkeypatch):
    evidence = Comparison(features=(draw(60, 1), draw(60, 2), draw(60, 3)))
    first = measure_share("precision", evidence)
    monkeypatch.setattr(neighbourhoods, "compare_at_equal_size", None)
    assert measure_share("precision", evidence) == first
    assert measure_share("recall", evidence).value.n == 60


def test_blocks_hold_a_fixed_number_of_distances_and_change_no_share(monkeypatch):
    first, second = draw(70, 1, 0.5), draw(90, 2)
    whole = compare_sets(first, find_reference(second))
    own_held = whole.reference.own_held
    monkeypatch.setattr(neighbourhoods, "MOST_VALUES", 1000)
    cuts = list(neighbourhoods.cut_rows(70, 90))
    assert [cut.stop - cut.start for cut in cuts] == [11] * 6 + [4]
    parts = compare_sets(first, find_reference(second))
    for name in ("held", "clipped_held", "met", "reached"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))
    np.testing.assert_array_equal(parts.reference.own_held, own_held)
