"""Halves: nobody is divided, each patient is in half of the models, by chance alone, and classes are shared out."""

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ganoscope.banks.halves import Patients, divide, draw_half, draw_halves, find_patients


def make_patients(sizes, classes):
    """Patients with so many images each, classes in turn."""
    return Patients(np.repeat(np.arange(len(sizes)), sizes), np.arange(len(sizes)) % classes)


@settings(max_examples=30)
@given(st.lists(st.integers(1, 6), min_size=4, max_size=40), st.integers(1, 5), st.integers(0, 9))
def test_two_models_share_out_all_images_and_divide_no_patient(sizes, classes, seed):
    patients = make_patients(sizes, classes)
    for model in (0, 2, 6):
        first, second = (draw_half(patients, seed, one) for one in (model, model + 1))
        assert (first ^ second).all()
        counts = [len(np.unique(patients.groups[half])) for half in (first, second)]
        assert abs(counts[0] - counts[1]) <= 1
        for group in range(patients.count):
            assert len(set(first[patients.groups == group])) == 1


@settings(max_examples=30)
@given(st.integers(4, 60), st.integers(1, 6), st.integers(0, 9))
def test_groups_of_a_stratum_are_shared_out_evenly(count, classes, seed):
    patients = make_patients([1] * count, classes)
    first = divide(patients, seed, 0)
    for stratum in range(classes):
        inside = first[patients.strata == stratum]
        assert abs(2 * int(inside.sum()) - len(inside)) <= 1


def test_every_patient_is_in_exactly_half_of_the_models():
    patients = make_patients([3, 1, 1, 2, 5, 1, 1], 2)
    inside = np.stack(list(draw_halves(patients, 1, 10)))
    assert (inside.sum(0) == 5).all()


def test_chance_alone_decides_whatever_the_size_of_a_patient():
    """The largest patients are not always apart, and not always in the first half."""
    patients = make_patients([50, 40, 30, 1, 1, 1, 1, 1, 1, 1, 1], 2)
    drawn = np.stack([divide(patients, 0, pair) for pair in range(2000)])
    assert np.abs(drawn.mean(0) - 0.5).max() < 0.05
    together = [np.mean(drawn[:, one] == drawn[:, other]) for one, other in combinations(range(11), 2)]
    assert min(together) > 0.3, "two of a stratum are a little more often apart"
    assert max(together) < 0.6


def test_another_seed_or_pair_divides_otherwise_and_the_same_one_alike():
    patients = make_patients([1] * 40, 2)
    first = divide(patients, 0, 0)
    assert (first == divide(patients, 0, 0)).all()
    assert (first != divide(patients, 0, 1)).any()
    assert (first != divide(patients, 1, 0)).any()


def test_patients_are_found_whatever_their_split_and_share_a_stratum_by_their_classes(make_store):
    rows = [{"group": "one", "label": "a"}, {"group": "one", "label": "b", "split": "test"}]
    rows += [{"group": f"g{number}", "label": "ab"[number % 2], "split": "validation"} for number in range(4)]
    patients = find_patients(make_store(rows))
    assert patients.count == 5
    assert len(patients.groups) == 6
    assert len(np.unique(patients.strata)) == 3
