"""Identification on embeddings that are made up: copies are called, images of other patients are not."""

import numpy as np
import pytest

from ganoscope.evaluate.reidentification.identification import PLANTED_SHARES, identify, measure_powers
from ganoscope.evaluate.reidentification.nearest_patient import Embedded


def embed(centres, spread, random):
    values = centres + spread * random.standard_normal(centres.shape)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def sets():
    """Training, held-out and new patients of two images each: (random, centres, members, held out, new)."""
    random = np.random.default_rng(0)
    centres = random.standard_normal((200, 16))
    made = []
    for start, stop in ((0, 80), (80, 140)):
        groups = np.arange(start, stop).repeat(2)
        classes, blank = np.where(groups % 2, "sick", "well"), np.full(len(groups), "")
        made.append(Embedded(embed(centres[groups], 0.3, random), groups, classes, blank, np.ones(len(groups), bool)))
    return random, centres, *made, embed(centres[140:].repeat(2, axis=0), 0.3, random)


def test_images_of_new_patients_are_not_called_and_the_power_is_told(sets):
    random, _, members, held_out, new = sets
    found = identify(new, None, members, held_out, seed=0)
    assert not found.calls.leaks
    assert found.alike.value == pytest.approx(found.alike_held_out.value, abs=0.1)
    power = measure_powers(found, embed(members.embeddings, 0.02, random), members, seed=0)
    assert list(power) == ["altered copies", "other films"]
    assert tuple(power["other films"]) == PLANTED_SHARES
    assert power["altered copies"][0.05].value > 0.9
    assert power["altered copies"][0.05].value >= power["other films"][0.05].value > power["other films"][0.01].value


def test_altered_copies_are_called_one_by_one(sets):
    random, _, members, held_out, new = sets
    copies = embed(members.embeddings[:12], 0.02, random)
    found = identify(np.concatenate([new, copies]), None, members, held_out, seed=0)
    assert found.calls.called[-12:].all() and found.calls.called[:-12].sum() <= 1
    assert found.nearest.position[-12:].tolist() == list(range(12))


def test_other_films_of_training_patients_hit_them(sets):
    random, centres, members, held_out, _ = sets
    films = embed(centres[:80], 0.3, random)
    found = identify(films, None, members, held_out, seed=0)
    assert found.calls.leaks
    assert found.calls.hits.member_rate.value > found.calls.hits.held_out_rate.value


def test_films_of_held_out_patients_are_no_leak(sets):
    random, centres, members, held_out, _ = sets
    found = identify(embed(centres[80:140], 0.3, random), None, members, held_out, seed=0)
    assert not found.calls.leaks


def test_without_patients_who_have_several_images_other_films_are_not_planted(sets):
    _, _, members, held_out, new = sets
    one = Embedded(*(getattr(members, name)[::2] for name in ("embeddings", "groups", "classes", "views", "named")))
    found = identify(new, None, one, held_out, seed=0)
    assert list(measure_powers(found, one.embeddings, one, seed=0)) == ["altered copies"]
