"""Inference of a class from the nearest synthetic images, against loops."""

import numpy as np
import pytest

from ganoscope.evaluate.reidentification import class_inference
from ganoscope.evaluate.reidentification.class_inference import (
    average_over_classes,
    estimate_accuracies,
    infer_classes,
)


def test_neighbours_vote_with_the_inverse_of_their_distance(monkeypatch):
    random = np.random.default_rng(0)
    images, synthetic, codes = random.random((20, 3)), random.random((50, 3)), random.integers(0, 3, 50)
    expected = []
    for image in images:
        distances = np.sqrt(((synthetic - image) ** 2).sum(axis=1))
        votes = np.zeros(3)
        for place in np.argsort(distances)[:5]:
            votes[codes[place]] += 1 / distances[place]
        expected.append(votes.argmax())
    assert infer_classes(images, synthetic, codes).tolist() == expected
    monkeypatch.setattr(class_inference, "BLOCK_VALUES", 120)
    assert infer_classes(images, synthetic, codes).tolist() == expected


def test_a_copy_outvotes_four_others():
    synthetic = np.array([[0.0], [0.1], [0.1], [0.1], [0.1]])
    assert infer_classes(np.array([[0.0]]), synthetic, np.array([1, 0, 0, 0, 0])).tolist() == [1]


def test_nobodys_class_is_inferred_from_their_own_images():
    images, codes = np.array([[0.0], [5.0], [5.1], [9.0]]), np.array([1, 0, 0, 1])
    patients = np.array(["a", "b", "b", "c"])
    assert infer_classes(images[:1], images, codes).tolist() == [1]
    assert infer_classes(images[:1], images, codes, (patients[:1], patients)).tolist() == [0]


def test_classes_count_alike_however_rare():
    right, codes = np.array([True] * 9 + [False]), np.array([0] * 9 + [1])
    weights = np.stack([np.ones(10), (codes == 0).astype(float)])
    assert average_over_classes(right, codes, weights).tolist() == [0.5, 1.0]


@pytest.mark.parametrize(("share", "shown"), [(0.6, False), (0.9, True)])
def test_a_difference_is_shown_where_there_is_one(share, shown):
    random = np.random.default_rng(0)
    sets = []
    for rate in (share, 0.6):
        right, codes = random.random(400) < rate, np.arange(400) % 2
        sets.append((right, codes, np.arange(400)))
    members, held_out, difference = estimate_accuracies(*sets, seed=0)
    assert difference.value == pytest.approx(members.value - held_out.value)
    assert (difference.low > 0) is shown


def test_images_of_one_patient_do_not_narrow_the_interval():
    random = np.random.default_rng(0)
    right, codes = random.random(60) < 0.6, np.arange(60) % 2
    single = right, codes, np.arange(60)
    tenfold = right.repeat(10), codes.repeat(10), np.arange(60).repeat(10)
    first, _, _ = estimate_accuracies(single, single, seed=0)
    second, _, _ = estimate_accuracies(tenfold, tenfold, seed=0)
    assert second.groups == 60
    assert second.high - second.low == pytest.approx(first.high - first.low, rel=0.05)
