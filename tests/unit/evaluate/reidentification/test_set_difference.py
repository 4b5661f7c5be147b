"""Two sets of patients: nothing is said of random halves, and a shift between hospitals is found."""

import numpy as np

from ganoscope.evaluate.reidentification.nearest_patient import Embedded, Gallery
from ganoscope.evaluate.reidentification.set_difference import compare_sets, find_neighbours


def make(patients, seed, shift=0.0):
    random = np.random.default_rng(seed)
    values = random.standard_normal((patients, 6)).repeat(3, axis=0) + 0.05 * random.standard_normal((3 * patients, 6))
    values[:, 0] += shift
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    blank = np.full(3 * patients, "")
    return Embedded(values, np.arange(patients).repeat(3), blank, blank, np.ones(3 * patients, bool))


def test_the_nearest_other_patient_is_never_the_own_one():
    gallery = Gallery(make(20, 0), make(10, 1))
    own, nearest = find_neighbours(gallery)
    likeness = gallery.embeddings @ gallery.embeddings.T
    for image, found in enumerate(nearest):
        allowed = np.flatnonzero(gallery.patients != own[image])
        assert found == gallery.patients[allowed[likeness[image, allowed].argmax()]]


def test_random_halves_are_called_different_as_often_as_chance_says():
    p_values = [compare_sets(Gallery(make(40, 2 * seed), make(25, 2 * seed + 1)), seed) for seed in range(60)]
    assert 0.3 < np.mean(p_values) < 0.7
    assert np.mean(np.array(p_values) <= 0.1) < 0.25


def test_a_shift_is_found():
    assert compare_sets(Gallery(make(40, 0), make(25, 1, shift=1.5)), 0) <= 0.01
