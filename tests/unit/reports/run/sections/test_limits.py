"""Limits apply to what a report shows."""

from types import SimpleNamespace

import pytest

from ganoscope.evaluate.fidelity.diversity import Diversity, SetDiversity
from ganoscope.reports.run.sections.limits import (
    NOT_MEASURED,
    ON_COMPARISON,
    list_diversity_limits,
    list_unmeasured,
    make_chapter,
)


def test_what_is_measured_is_no_longer_said_to_be_missing():
    assert list_unmeasured([]) == tuple(NOT_MEASURED)
    for limit, names in NOT_MEASURED.items():
        for name in names:
            assert limit not in list_unmeasured([name])
            assert len(list_unmeasured([name])) == len(NOT_MEASURED) - 1


@pytest.mark.parametrize(("held_out", "number"), [(None, 1), (99, 2), (100, 1)])
def test_few_held_out_images_are_a_limit(held_out, number):
    one = SetDiversity(99, 9, 36, 0.5, 0.4, 0.6)
    real = SetDiversity(held_out, 9, 36, 0.5, 0.4, 0.6) if held_out else None
    limits = list_diversity_limits(Diversity(one, real, one, 1, "", "", 200, 0, 2))
    assert len(limits) == number
    assert list_diversity_limits(None) == ()


@pytest.mark.parametrize("counterfactuals", [None, "cf"])
def test_counterfactuals_bring_distances_to_real_images_so_fidelity_is_not_said_to_be_missing(
    tmp_path, counterfactuals
):
    nothing = SimpleNamespace(value=None)
    sources = SimpleNamespace(
        evaluation=tmp_path,
        config=SimpleNamespace(generated=None),
        translates=True,
        diversity=nothing,
        explanations=nothing,
        counterfactuals=SimpleNamespace(value=counterfactuals),
    )
    (section,) = make_chapter(sources).sections
    assert any("Fidelity is not measured" in point for point in section.points) == (counterfactuals is None)
    assert (ON_COMPARISON in section.points) == (counterfactuals is not None)
