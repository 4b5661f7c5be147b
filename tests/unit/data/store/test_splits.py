"""Splits: no group crosses, every part exists, shares and classes are kept, the source's division is respected."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganoscope.data.store.splits import SPLITS, Fractions, make_splits
from ganoscope.errors import UserError


def split(groups, labels=None, source=None, fractions=None, seed=0):
    groups = np.asarray(groups, np.int32)
    labels = np.zeros(len(groups), np.int32) if labels is None else np.asarray(labels, np.int32)
    source = np.full(len(groups), "", "<U10") if source is None else np.asarray(source, "<U10")
    return make_splits(groups, labels, source, fractions or Fractions(), seed)


def parts_of_groups(groups, values):
    return {group: set(np.asarray(values)[np.asarray(groups) == group].tolist()) for group in set(groups)}


@st.composite
def data_sets(draw):
    sizes = draw(st.lists(st.integers(1, 5), min_size=3, max_size=40))
    groups = np.repeat(draw(st.permutations(range(len(sizes)))), sizes)
    groups = groups[np.random.default_rng(draw(st.integers(0, 99))).permutation(len(groups))]
    labels = draw(st.lists(st.integers(0, 3), min_size=len(groups), max_size=len(groups)))
    kinds = draw(st.sampled_from([("",), ("train", "test"), ("", "train", "validation", "test"), ("test",)]))
    source = draw(st.lists(st.sampled_from(kinds), min_size=len(groups), max_size=len(groups)))
    shares = st.sampled_from([0.05, 0.15, 0.3, 0.45])
    return groups.tolist(), labels, source, Fractions(draw(shares), draw(shares))


@given(data_sets(), st.integers(0, 5))
@settings(max_examples=150, deadline=None)
def test_no_group_crosses_and_no_part_is_empty(data, seed):
    groups, labels, source, fractions = data
    chosen = split(groups, labels, source, fractions, seed)
    assert set(chosen.tolist()) == set(SPLITS)
    assert all(len(parts) == 1 for parts in parts_of_groups(groups, chosen).values())


@given(data_sets(), st.integers(0, 5))
@settings(max_examples=50, deadline=None)
def test_same_seed_same_splits(data, seed):
    groups, labels, source, fractions = data
    first = split(groups, labels, source, fractions, seed)
    np.testing.assert_array_equal(first, split(groups, labels, source, fractions, seed))


def test_other_seed_other_splits():
    groups = range(60)
    results = {tuple(split(groups, seed=seed).tolist()) for seed in range(5)}
    assert len(results) == 5


def test_names_of_the_groups_do_not_matter():
    groups = np.arange(40) // 2
    np.testing.assert_array_equal(split(groups), split(groups * 1000 + 7))


@given(
    st.integers(1, 3), st.integers(1, 4), st.integers(0, 99), st.sampled_from([(0.15, 0.15), (0.1, 0.4), (0.3, 0.2)])
)
@settings(max_examples=80, deadline=None)
def test_shares_are_kept_to_half_a_group_per_class(largest, classes, seed, shares):
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(100), rng.integers(1, largest + 1, 100))
    labels = groups % classes
    chosen = split(groups, labels, fractions=Fractions(*shares), seed=seed)
    for label in range(classes):
        part = chosen[labels == label]
        assert abs((part == "test").sum() - shares[1] * len(part)) <= largest / 2
        assert abs((part == "validation").sum() - shares[0] * len(part)) <= largest  # drawn from what test left


def test_rare_class_keeps_its_share_in_every_part():
    labels = (np.arange(1000) < 40).astype(int)
    for seed in range(5):
        chosen = split(np.arange(1000), labels, seed=seed)
        assert [int(labels[chosen == part].sum()) for part in SPLITS] == [28, 6, 6]


def test_class_of_a_mixed_group_is_its_majority():
    groups = np.repeat(np.arange(40), 3)
    labels = np.tile([0, 1, 1], 40)
    labels[:60] = np.tile([1, 0, 0], 20)
    chosen = split(groups, labels)
    for part in ("validation", "test"):
        first, second = (int((chosen[half] == part).sum()) for half in (slice(60), slice(60, None)))
        assert first == second == 9


@given(st.integers(0, 9999))
@settings(max_examples=80, deadline=None)
def test_division_of_the_source_is_kept_unless_a_group_crosses_it(seed):
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(40), rng.integers(1, 4, 40))
    home = rng.choice(["train", "test", "validation"], 40, p=[0.6, 0.2, 0.2])
    home[:12] = np.repeat(["train", "test", "validation"], 4)  # none is empty
    source = home[groups].astype("<U10")
    strays = rng.random(len(groups)) < 0.1
    source[strays] = rng.choice(["train", "test", "validation", ""], strays.sum())
    source[groups == 4], source[groups == 8], source[groups == 0] = "test", "validation", "train"
    chosen = split(groups, source=source, seed=seed)
    homes = {
        group: origin.copy().pop() if len(origin) == 1 else ""
        for group, origin in parts_of_groups(groups, source).items()
    }
    kept = {part: sum((groups == group).sum() for group, home in homes.items() if home == part) for part in SPLITS}
    refilled = {part for part in SPLITS if kept[part] < (source == part).sum() / 3}
    for group, home in homes.items():
        allowed = {home} if home in ("test", "validation") else {"train"} | refilled
        assert parts_of_groups(groups, chosen)[group] <= allowed


@given(st.integers(0, 9999), st.sampled_from([("train", "test"), ("train", "validation"), ("train",)]))
@settings(max_examples=60, deadline=None)
def test_part_that_the_source_lacks_is_drawn_from_train_only(seed, parts):
    rng = np.random.default_rng(seed)
    source = rng.choice(parts, 60)
    source[: len(parts)] = parts
    source[40:] = "train"
    chosen = split(np.arange(60), source=source, seed=seed)
    assert set(chosen[source == "train"].tolist()) == {"train"} | (set(SPLITS) - set(parts))
    for part in parts[1:]:
        assert set(chosen[source == part].tolist()) == {part}
        assert set(source[chosen == part].tolist()) == {part}


def test_copy_in_train_pulls_a_held_out_image_into_train():
    source = ["train"] * 20 + ["test"] * 6
    groups = [*range(20), 0, *range(20, 25)]
    chosen = split(groups, source=source)
    assert chosen[20] == "train"
    assert (chosen[21:] == "test").all()


@pytest.mark.parametrize("groups", [[0], [0, 0, 0, 0], [0, 1], [5, 5, 9, 9, 9]])
def test_fewer_than_three_groups_are_refused(groups):
    count = len(set(groups))
    with pytest.raises(UserError, match=rf"got {len(groups)} images? in {count} groups?.*at least 3 groups"):
        split(groups)


@pytest.mark.parametrize("sizes", [[1, 1, 1], [50, 1, 1], [5, 5, 90]])
def test_three_groups_give_one_to_each_part(sizes):
    groups = np.repeat(range(3), sizes)
    parts = [next(iter(part)) for part in parts_of_groups(groups.tolist(), split(groups)).values()]
    assert sorted(parts) == sorted(SPLITS)


def test_empty_part_gets_the_smallest_group():
    for seed in range(5):
        chosen = split(np.repeat(range(3), [1, 45, 55]), seed=seed)
        assert chosen[[0, 1, 46]].tolist() == ["test", "validation", "train"]


def test_large_group_is_not_held_out_when_it_would_swallow_the_share():
    groups = np.repeat(range(31), [60] + [1] * 30)
    for seed in range(10):
        assert (split(groups, seed=seed)[:60] == "train").all()


@pytest.mark.parametrize(("validation", "test"), [(0, 0.1), (0.1, 0), (-0.1, 0.5), (0.5, 0.5), (0.9, 0.2)])
def test_impossible_shares_are_refused(validation, test):
    with pytest.raises(UserError, match=f"got validation {validation}, test {test}"):
        Fractions(validation, test)


def test_a_class_that_the_source_test_part_lost_is_drawn_anew():
    """Class 1 has 40 groups in train, and one of 20 left in test; class 0 keeps the source's own 20."""
    groups = np.arange(120, dtype=np.int32)
    labels = np.repeat([0, 1], 60).astype(np.int32)
    source = np.tile(["train"] * 40 + ["test"] * 20, 2)
    groups[101:120] = np.arange(61, 80)  # 19 of class 1's test images belong to groups of its train images
    splits = make_splits(groups, labels, source, Fractions(0.15, 0.15), seed=0)
    test = splits == "test"
    assert (test & (labels == 0)).sum() == 20
    assert set(np.flatnonzero(test & (labels == 0)).tolist()) == set(range(40, 60))
    assert 6 <= (test & (labels == 1)).sum() <= 12
    for group in np.unique(groups):
        assert len(set(splits[groups == group].tolist())) == 1


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("patients", [3, 4, 5])
def test_every_class_of_three_patients_is_in_every_part(seed, patients):
    groups = np.repeat(np.arange(3 * patients), 8)
    labels = np.arange(3 * patients)[groups] % 3
    chosen = split(groups, labels, seed=seed)
    for part in SPLITS:
        assert set(labels[chosen == part].tolist()) == {0, 1, 2}


def test_a_class_of_two_patients_is_tested_and_one_of_a_single_patient_stays_in_training():
    labels = np.repeat([0, 1, 2], [80, 8, 4])
    groups = np.repeat(np.arange(23), 4)
    chosen = split(groups, labels)
    assert [sorted(set(chosen[labels == label].tolist())) for label in (1, 2)] == [["test", "train"], ["train"]]


def test_a_class_is_completed_by_patients_of_two_classes_without_emptying_training():
    """Every patient has images of class 0; three have one of class 1 too, which is never their majority."""
    groups = np.repeat(np.arange(20), 6)
    labels = np.zeros(120, int)
    labels[[0, 6, 12]] = 1
    for seed in range(6):
        chosen = split(groups, labels, seed=seed)
        assert [int((labels[chosen == part]).sum()) for part in SPLITS] == [1, 1, 1]


def test_a_test_part_of_the_source_keeps_its_own_classes():
    source = ["train"] * 30 + ["test"] * 10
    labels = [0, 1] * 15 + [0] * 10
    chosen = split(range(40), labels, source)
    assert set(np.flatnonzero(chosen == "test").tolist()) == set(range(30, 40))
