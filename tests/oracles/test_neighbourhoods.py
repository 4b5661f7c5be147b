"""Precision, recall, density and coverage written twice: naively here, with loops over all pairs."""

import numpy as np
import pytest

from ganoscope.evaluate import neighbourhoods
from ganoscope.evaluate.comparison import Comparison
from ganoscope.evaluate.features import Features
from ganoscope.evaluate.fidelity import coverage, density, precision, recall
from ganoscope.evaluate.neighbourhoods import NEIGHBOURS, compare_sets, find_reference


def draw(count, seed, shift=0.0, groups=None):
    values = np.random.default_rng(seed).normal(shift, 1, (count, 3))
    return Features(values, np.arange(count) if groups is None else groups, "drawn", "none")


def reach(features, index):
    others = [
        np.linalg.norm(features.values[index] - features.values[other])
        for other in range(len(features.values))
        if features.groups[other] != features.groups[index]
    ]
    return sorted(others)[NEIGHBOURS - 1]


def naive(first, real):
    inside = [
        [np.linalg.norm(x - y) <= reach(real, j) for j, y in enumerate(real.values)] for x in first.values
    ]  # first in real
    around = [
        [np.linalg.norm(x - y) <= reach(first, i) for i, x in enumerate(first.values)] for y in real.values
    ]  # real in first
    return {
        "precision": np.mean([any(row) for row in inside]),
        "recall": np.mean([any(row) for row in around]),
        "density": np.mean([sum(row) for row in inside]) / NEIGHBOURS,
        "coverage": np.mean([any(row[j] for row in inside) for j in range(len(real.values))]),
    }


@pytest.mark.parametrize("groups", [None, np.arange(30) // 2])
def test_all_four_are_the_published_formulas(groups, monkeypatch):
    monkeypatch.setattr(neighbourhoods, "BLOCK", 7)
    first, real = draw(24, 0, 0.6), draw(30, 1, groups=groups)
    found = compare_sets(first, find_reference(real))
    for name, value in naive(first, real).items():
        assert getattr(found, name).value == pytest.approx(value), name


@pytest.mark.parametrize("module", [precision, recall, density, coverage])
def test_each_measurement_is_the_share_of_its_name(module):
    first, real, peer = draw(20, 0, 0.6), draw(20, 1), draw(20, 2)
    measured = module.measure(Comparison(features=(first, real, peer)))
    assert measured.value.value == pytest.approx(naive(first, real)[module.NAME])
    assert measured.floor.value == pytest.approx(naive(peer, real)[module.NAME])
