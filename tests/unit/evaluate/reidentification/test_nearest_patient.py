"""Nearest patients against loops."""

import numpy as np
import pytest

from ganoscope.evaluate.reidentification import nearest_patient
from ganoscope.evaluate.reidentification.nearest_patient import (
    SMALLEST_ANGLE,
    Embedded,
    Gallery,
    compare_with_patients,
    find_nearest,
    find_nearest_of_patients,
)


def embed(count, seed=0, dimension=5):
    values = np.random.default_rng(seed).standard_normal((count, dimension))
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def make(groups, seed):
    groups = np.array(groups)
    blank = np.full(len(groups), "")
    return Embedded(embed(len(groups), seed), groups, blank, blank, np.ones(len(groups), bool))


@pytest.fixture
def sets():
    return make(["b", "a", "b", "c", "d", "d"], 1), make(["a", "f", "f", "e"], 2)  # "a" are two different patients


def naive(image, members, held_out, hidden=()):
    likeness = {}
    for name, each in (("member", members), ("held out", held_out)):
        for place, value in enumerate(each.embeddings @ image):
            key = name, each.groups[place]
            if (name, place) not in hidden:
                likeness.setdefault(key, []).append((value, place))
    best = {key: max(values) for key, values in likeness.items()}
    nearest = max((key for key in best if key[0] == "member"), key=best.get)
    others = sorted((value for key, (value, _) in best.items() if key != nearest), reverse=True)[:5]
    angle = max(np.arccos(best[nearest][0]), SMALLEST_ANGLE)
    return best[nearest][1], best[nearest][0], np.log(np.mean(np.arccos(others)) / angle)


@pytest.mark.parametrize("block", [1, 30, 10_000])
def test_nearest_patients_equal_the_loop(sets, block, monkeypatch):
    monkeypatch.setattr(nearest_patient, "BLOCK_VALUES", block)
    images = embed(12, 3)
    found = find_nearest(images, Gallery(*sets))
    for row, image in enumerate(images):
        position, likeness, distinctness = naive(image, *sets)
        assert found.position[row] == position
        assert found.likeness[row] == pytest.approx(likeness)
        assert found.distinctness[row] == pytest.approx(distinctness)


def test_hidden_images_are_not_compared_with(sets):
    members, held_out = sets
    places = np.arange(10)
    found = find_nearest(members.embeddings, Gallery(*sets), lambda rows: np.arange(6)[rows, None] == places)
    for row, image in enumerate(members.embeddings):
        assert found.position[row] == naive(image, members, held_out, {("member", row)})[0] != row


def test_the_very_same_image_is_as_distinct_as_can_be(sets):
    found = find_nearest(sets[0].embeddings, Gallery(*sets))
    assert found.position.tolist() == [0, 1, 2, 3, 4, 5]
    assert found.distinctness.min() > 5 and np.isfinite(found.distinctness).all()


def test_one_image_at_random_stands_for_each_patient(sets):
    """Otherwise patients of many images would be hit more often."""
    images, galleries = embed(7, 4), [Gallery(*sets, seed) for seed in range(20)]
    for gallery in galleries:
        assert gallery.patients[gallery.standing].tolist() == list(range(4 + 3))
        likeness = compare_with_patients(images, gallery)
        assert np.allclose(likeness, images @ gallery.embeddings[gallery.standing].T)
        members, held_out = find_nearest_of_patients(images, gallery)
        assert np.allclose(np.concatenate([members, held_out]), likeness.max(axis=0))
    assert {int(gallery.standing[1]) for gallery in galleries} == {0, 2}  # of patient "b"


def test_likeness_to_hidden_images_is_lowest(sets):
    gallery = Gallery(*sets)
    every = lambda rows: np.arange(10)[rows, None] == np.arange(10)  # noqa: E731
    likeness = compare_with_patients(gallery.embeddings, gallery, every)
    assert (likeness[gallery.standing, np.arange(7)] == -1).all()
    assert (likeness == -1).sum() == 7
