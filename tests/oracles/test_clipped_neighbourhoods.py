"""Clipped density and coverage written twice: with loops over all pairs here, and their scale by simulation."""

from dataclasses import replace

import numpy as np
import pytest

from ganoscope.evaluate import neighbourhoods
from ganoscope.evaluate.clipped_neighbourhoods import (
    compute_clipped_coverage,
    compute_clipped_density,
    tabulate_coverage,
)
from ganoscope.evaluate.features import Features
from ganoscope.evaluate.neighbourhoods import NEIGHBOURS, compare_sets, find_reference


def draw(count, seed, shift=0.0, groups=None):
    values = np.random.default_rng(seed).normal(shift, 1, (count, 3))
    return Features(values, np.arange(count) if groups is None else groups, "drawn", "none")


def list_reaches(real):
    found = []
    for i in range(len(real.values)):
        others = [j for j in range(len(real.values)) if real.groups[j] != real.groups[i]]
        found.append(sorted(np.linalg.norm(real.values[i] - real.values[j]) for j in others)[NEIGHBOURS - 1])
    return found


@pytest.mark.parametrize("groups", [None, np.arange(30) // 2])
def test_density_is_the_published_formula(groups, monkeypatch):
    monkeypatch.setattr(neighbourhoods, "BLOCK", 7)
    first, real = draw(24, 0, 0.8), draw(30, 1, groups=groups)
    reaches = list_reaches(real)
    reaches = [min(reach, np.median(reaches)) for reach in reaches]

    def score(values, owners):
        shares = []
        for x, owner in zip(values, owners, strict=True):
            others = [i for i in range(len(real.values)) if real.groups[i] != owner]
            held = sum(np.linalg.norm(x - real.values[i]) <= reaches[i] for i in others)
            shares.append(min(held / NEIGHBOURS, 1))
        return np.mean(shares)

    expected = min(score(first.values, [None] * 24) / score(real.values, real.groups), 1)
    assert 0.1 < expected < 1
    assert compute_clipped_density(compare_sets(first, find_reference(real))).value == pytest.approx(expected)


def test_coverage_is_the_published_formula_before_its_scale():
    first, real = draw(24, 0, 0.8), draw(30, 1)
    reaches = list_reaches(real)
    shares = [
        min(sum(np.linalg.norm(x - y) <= reach for x in first.values) / NEIGHBOURS, 1)
        for y, reach in zip(real.values, reaches, strict=True)
    ]
    expected = np.interp(np.mean(shares), tabulate_coverage(29, 24), np.linspace(0, 1, 25))
    assert compute_clipped_coverage(compare_sets(first, find_reference(real))).value == pytest.approx(expected)


def test_expected_coverage_is_that_of_random_orders():
    rng = np.random.default_rng(0)
    for good in (2, 10, 40):
        found = []
        for _ in range(20_000):
            order = rng.permutation(np.repeat([0, 1], [39, good]))  # real images are 0
            fifth = np.flatnonzero(order == 0)[NEIGHBOURS - 1]
            found.append(min(order[:fifth].sum() / NEIGHBOURS, 1))
        assert tabulate_coverage(39, 40)[good] == pytest.approx(np.mean(found), abs=0.01)


@pytest.mark.parametrize("compute", [compute_clipped_density, compute_clipped_coverage])
@pytest.mark.parametrize("good", [0.25, 0.5, 0.75])
def test_the_score_is_the_share_of_good_images(compute, good):
    real, drawn = draw(1000, 1), draw(1000, 2)
    values = drawn.values.copy()
    values[int(1000 * good) :] += 100
    assert compute(compare_sets(replace(drawn, values=values), find_reference(real))).value == pytest.approx(
        good, abs=0.06
    )
