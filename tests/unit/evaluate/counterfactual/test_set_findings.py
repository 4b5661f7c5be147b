"""Means and intervals over the measures of many counterfactuals, and realism."""

from dataclasses import replace

import numpy as np
import pytest

from ganoscope.evaluate.counterfactual.measures import NAMES, Measures
from ganoscope.evaluate.counterfactual.set_findings import measure_realism, summarise
from ganoscope.evaluate.features import Features

DIRECTIONS = np.array(["well to sick", "sick to well"] * 20)
ONE_WAY = np.array(["well to sick"] * 40)
GROUPS = [f"patient {number // 2}" for number in range(40)]


def make_measures(**known):
    columns = {name: np.full(40, np.nan) for name in NAMES}
    return Measures(**{**columns, **{name: np.broadcast_to(np.asarray(v, float), 40) for name, v in known.items()}})


GOOD = make_measures(
    flip=1, judge_flip=1, attack_flip=1, attack_judge_flip=0, flip_after_blur=1, flip_as_written=1, l1=3.0
)


def test_every_direction_has_means_of_its_own_and_there_is_none_over_both():
    measures = replace(GOOD, l1=np.where(DIRECTIONS == "well to sick", 2.0, 4.0), lesion_area=np.full(40, np.nan))
    measures = replace(measures, attack_judge_flip=np.where(DIRECTIONS == "well to sick", 1.0, 0.0))
    found = summarise(measures, DIRECTIONS, GROUPS, 0)
    assert {name: each["l1"].value for name, each in found.summary.items()} == {"sick to well": 4, "well to sick": 2}
    assert [each["l1"].n for each in found.summary.values()] == [20, 20]
    assert not any("lesion_area" in each for each in found.summary.values())
    assert {name: each.value for name, each in found.transfer_margin.items()} == {"sick to well": 1, "well to sick": 0}


def test_images_that_a_measure_does_not_apply_to_take_no_part():
    flip = np.where(np.arange(40) < 10, np.nan, np.arange(40) % 3 > 0)
    found = summarise(replace(GOOD, flip=flip), ONE_WAY, GROUPS, 0).summary["well to sick"]["flip"]
    assert (found.n, found.groups) == (30, 15)
    assert found.value == pytest.approx(np.nanmean(flip))


def test_patients_and_not_images_are_resampled():
    values = np.repeat(np.random.default_rng(0).normal(size=20), 2)
    alone = [str(number) for number in range(40)]
    paired, single = (
        summarise(replace(GOOD, l1=values), ONE_WAY, groups, 0).summary["well to sick"]["l1"]
        for groups in (GROUPS, alone)
    )
    assert paired.high - paired.low > 1.25 * (single.high - single.low)


def test_agreement_of_all_images_is_no_certainty_and_one_patient_no_interval():
    found = summarise(GOOD, ONE_WAY, GROUPS, 0).summary["well to sick"]["flip"]
    assert (found.value, found.high) == (1, 1)
    assert found.low == pytest.approx(20 / (20 + 1.959964**2), abs=1e-4)  # Wilson at 20 of 20
    one = summarise(GOOD, ONE_WAY, ["same"] * 40, 0).summary["well to sick"]["l1"]
    assert one.value == 3
    assert np.isnan([one.low, one.high]).all()


@pytest.mark.parametrize(("noise", "value", "ends"), [(0, 1, (2 * 0.342380 - 1, 1)), (1, 0, (-0.657620, 0.657620))])
def test_a_margin_that_is_the_same_for_few_patients_is_not_certain(noise, value, ends):
    members = ["one", "other"] * 20
    margin = summarise(replace(GOOD, attack_judge_flip=np.full(40, float(noise))), ONE_WAY, members, 0).transfer_margin[
        "well to sick"
    ]
    assert (margin.value, margin.groups) == (value, 2)
    assert (margin.low, margin.high) == pytest.approx(ends, abs=1e-4)  # Wilson at 2 of 2: from 2 / (2 + 1.96^2) on
    alone = summarise(GOOD, ONE_WAY, ["same"] * 40, 0).transfer_margin["well to sick"]
    assert np.isnan([alone.low, alone.high]).all()


def test_realism_falls_when_images_come_to_their_target():
    def draw(seed, shift, count=40):
        values = np.random.default_rng(seed).normal(shift, 1, (count, 8))
        return Features(values, np.repeat(np.arange(count // 2), 2), "e", "e")

    realism = measure_realism(draw(0, 0.1), draw(1, 2.0), draw(2, 0.0), draw(3, 0.0), seed=0)
    assert realism.counterfactuals.value < 0.2 * realism.originals.value
    assert abs(realism.counterfactuals.floor.real) < 0.1
    assert measure_realism(draw(0, 0, 2), draw(1, 0), draw(2, 0), None, seed=0) is None


def test_realism_of_few_patients_with_many_slices_each_has_a_floor_or_is_not_given():
    def draw(seed, count, patients):
        values = np.random.default_rng(seed).normal(0, 1, (count, 8))
        return Features(values, np.arange(count) * patients // count, "e", "e")

    sets = draw(0, 4, 2), draw(1, 4, 2), draw(2, 60, 2)
    realism = measure_realism(*sets, draw(3, 40, 2), seed=0)
    assert np.isfinite([realism.counterfactuals.floor.real, realism.originals.floor.generated]).all()
    assert measure_realism(*sets, None, seed=0) is None
