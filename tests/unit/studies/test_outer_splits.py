"""Outer splits: no group on two sides, every class in all of them, folds that share out all patients, subsets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from ganoscope.errors import UserError
from ganoscope.studies.outer_splits import (
    Cohort,
    KeptSplits,
    SplitPlan,
    deal_out,
    find_cohort,
    list_unusable,
    make_outer_split,
    make_outer_splits,
    measure_ratio,
    reduce_training,
    refuse_few_groups,
)


def make_cohort(sizes, classes=2):
    """Returns images of groups of the given sizes, classes in turn."""
    groups = np.repeat(np.arange(len(sizes)), sizes)
    return Cohort(np.arange(len(groups)), groups, groups % classes)


@settings(max_examples=25)
@given(st.lists(st.integers(1, 6), min_size=24, max_size=60), st.sampled_from(["random", "kfold"]), st.integers(0, 5))
def test_no_group_is_on_two_sides_and_every_split_has_every_class(sizes, scheme, seed):
    cohort = make_cohort(sizes)
    for parts in make_outer_splits(cohort, SplitPlan(scheme, 2, 3, seed)):
        for group in np.unique(cohort.groups):
            assert len(set(parts[cohort.groups == group])) == 1
        assert list_unusable(parts, cohort, ("a", "b")) == []


def test_folds_hold_out_every_patient_once_in_each_repetition():
    cohort = make_cohort([2] * 30)
    splits = list(make_outer_splits(cohort, SplitPlan("kfold", 2, 5, 0)))
    held = np.array([parts == "test" for parts in splits])
    assert (held[:5].sum(0) == 1).all()
    assert (held[5:].sum(0) == 1).all()
    assert not np.array_equal(held[:5], held[5:])


@settings(max_examples=40)
@given(st.integers(0, 2**31 - 1), st.integers(2, 7), st.integers(2, 11))
def test_groups_are_dealt_out_as_by_scikit_learn(seed, folds, classes):
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, rng.integers(10, 80), 300)
    codes = np.where(rng.random(300) < 0.5, groups % classes, rng.integers(0, classes, 300))
    expected = np.empty(300, np.int64)
    folder = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    for fold, (_, held) in enumerate(folder.split(groups, codes, groups)):
        expected[held] = fold
    np.testing.assert_array_equal(deal_out(groups, codes, folds, seed), expected)


def test_fewer_groups_than_folds_are_dealt_out_too():
    assert set(deal_out(np.arange(4), np.array([0, 1, 0, 1]), 6, 0)) <= set(range(6))


def test_random_splits_are_drawn_anew():
    cohort = make_cohort([2] * 30)
    splits = list(make_outer_splits(cohort, SplitPlan("random", 5, 5, 0)))
    held = np.array([parts == "test" for parts in splits])
    assert len({row.tobytes() for row in held}) == 25
    assert measure_ratio(splits[0]) == pytest.approx(0.25, abs=0.05)
    assert set(held.sum(0)) != {5}  # not dealt out: some patients are held out more often than others


def test_a_split_does_not_depend_on_the_others():
    cohort = make_cohort([3] * 20)
    plan = SplitPlan("kfold", 3, 4, 7)
    for number, parts in enumerate(make_outer_splits(cohort, plan)):
        assert parts.tolist() == make_outer_split(cohort, plan, number).tolist()


def test_a_smaller_fraction_keeps_a_subset_and_leaves_held_out_patients_alone():
    cohort = make_cohort([2] * 60)
    whole = make_outer_split(cohort, SplitPlan("random", 1, 5, 0), 0)
    half, quarter = (reduce_training(whole, cohort, fraction, 0, 0) for fraction in (0.5, 0.25))
    assert ((half == "test") == (whole == "test")).all()
    assert (half[quarter != ""] != "").all()
    assert (half == "train").sum() == pytest.approx((whole == "train").sum() / 2, abs=2)
    assert list_unusable(quarter, cohort, ("a", "b")) == []


def test_the_stores_own_test_split_takes_no_part(phantom_store):
    from ganoscope.data.store import Store

    store = Store.open(phantom_store)
    cohort = find_cohort(store)
    assert set(store.column("split")[cohort.positions]) == {"train", "validation"}


def test_a_class_with_too_few_patients_is_refused_by_name():
    groups = np.arange(30)
    cohort = Cohort(groups, groups, (groups >= 26).astype(np.int64))
    with pytest.raises(UserError, match="class rare has too few patients or groups for --folds 5: got 4; allowed: 7"):
        refuse_few_groups(cohort, ("common", "rare"), SplitPlan("random", 1, 5, 0))


def test_kept_splits_give_back_the_parts_at_a_byte_each():
    cohort = make_cohort([2] * 40)
    made = list(make_outer_splits(cohort, SplitPlan("random", 2, 3, 0)))
    made.append(reduce_training(made[0], cohort, 0.25, 0, 0))
    kept = KeptSplits(made)
    assert len(kept) == len(made)
    assert all(one.tolist() == other.tolist() for one, other in zip(kept, made, strict=True))
    assert [one.tolist() for one in kept[-2:]] == [one.tolist() for one in made[-2:]]
    assert {one.itemsize for one in vars(kept)["_codes"]} == {1}
