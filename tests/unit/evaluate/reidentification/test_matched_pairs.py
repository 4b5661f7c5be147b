"""Thresholds of pairs that are matched by class and view."""

import numpy as np
import pytest

from ganoscope.evaluate.reidentification.matched_pairs import FALSE_MATCHES, find_thresholds, pass_thresholds, thin
from ganoscope.evaluate.reidentification.nearest_patient import Embedded


def make(count, seed, classes, views=("",)):
    random = np.random.default_rng(seed)
    values = random.standard_normal((count, 6))
    values[:, 0] += 4 * (np.arange(count) % len(classes))  # classes differ in how alike their images are
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    names = np.array(classes)[np.arange(count) % len(classes)]
    sides = np.array(views)[np.arange(count) // len(classes) % len(views)]
    return Embedded(values, np.arange(count), names, sides, np.ones(count, bool))


def test_held_out_images_pass_for_the_stated_number_of_training_images_of_each_kind():
    members, held_out = make(300, 0, ("sick", "well"), ("AP", "PA")), make(400, 1, ("sick", "well"), ("AP", "PA"))
    thresholds = find_thresholds(members, held_out)
    assert sorted(thresholds) == ["sick | AP", "sick | PA", "well | AP", "well | PA"]
    for kind, threshold in thresholds.items():
        likeness = held_out.embeddings[held_out.kinds == kind] @ members.embeddings[members.kinds == kind].T
        assert (likeness > threshold).sum(axis=1).mean() == pytest.approx(FALSE_MATCHES, abs=0.01)
    assert thresholds["well | AP"] > thresholds["sick | AP"]


def test_images_are_compared_with_their_class_alone():
    members, held_out = make(200, 0, ("sick", "well")), make(200, 1, ("sick", "well"))
    thresholds = find_thresholds(members, held_out)
    copies = members.embeddings[:20]
    right, wrong = members.classes[:20], np.where(members.classes[:20] == "sick", "well", "sick")
    assert pass_thresholds(copies, members, thresholds, right).all()
    assert pass_thresholds(copies, members, thresholds, None).all()
    assert not pass_thresholds(copies, members, thresholds, wrong).all()


def test_kinds_without_held_out_images_have_no_threshold():
    members, held_out = make(20, 0, ("sick", "well")), make(20, 1, ("sick",))
    thresholds = find_thresholds(members, held_out)
    assert list(thresholds) == ["sick | "]
    assert not pass_thresholds(members.embeddings, members, thresholds, members.classes)[
        members.classes == "well"
    ].any()


def test_thinning_keeps_both_ends():
    values = np.arange(10.0)[:, None]
    assert thin(values, 4)[:, 0].tolist() == [0, 3, 6, 9]
    assert thin(values, 10) is values
