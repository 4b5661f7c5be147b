"""Phantoms: one truth per index, exact masks, balanced classes, and no class that the mean gives away."""

import itertools
from functools import cache

import numpy as np
import pytest

from ganoscope.data import phantoms
from ganoscope.data.phantoms import LABELS, MODALITIES, VIEWS, Phantom, make_phantom, make_phantoms

SEED = 11


@cache
def population(modality: str) -> list[Phantom]:
    """One view of each of 300 patients (100 a class), the views taking turns."""
    views = VIEWS[modality]
    return [make_phantom(modality, n * views + n % views, 64, SEED) for n in range(300)]


def correlation(first, second):
    return np.corrcoef(first.ravel().astype(float), second.ravel().astype(float))[0, 1]


def auc(negative, positive):
    negative, positive = np.asarray(negative), np.asarray(positive)
    return np.mean((positive[:, None] > negative) + 0.5 * (positive[:, None] == negative))


@pytest.mark.parametrize("modality", MODALITIES)
def test_alone_equals_streamed(modality):
    for index, streamed in enumerate(make_phantoms(modality, 9, 48, SEED, shortcut=True)):
        alone = make_phantom(modality, index, 48, SEED, shortcut=True)
        np.testing.assert_array_equal(alone.pixels, streamed.pixels)
        np.testing.assert_array_equal(alone.mask, streamed.mask)
        assert (alone.label, alone.patient, alone.view) == (streamed.label, streamed.patient, streamed.view)


def test_streams_exactly_number_and_lazily():
    assert len(list(make_phantoms("mri", 5, 32, SEED))) == 5
    endless = make_phantoms("mri", 10**12, 32, SEED)
    assert len(list(itertools.islice(endless, 3))) == 3


@pytest.mark.parametrize("modality", MODALITIES)
def test_seed_and_index_matter(modality):
    first = make_phantom(modality, 0, 64, 0).pixels
    assert not np.array_equal(first, make_phantom(modality, 0, 64, 1).pixels)
    assert not np.array_equal(first, make_phantom(modality, 1, 64, 0).pixels)
    assert not np.array_equal(first, make_phantom(modality, VIEWS[modality], 64, 0).pixels)


@pytest.mark.parametrize("modality", MODALITIES)
def test_type_shape_and_range(modality):
    for phantom in population(modality)[:60]:
        assert phantom.pixels.shape == phantom.mask.shape == (64, 64)
        assert phantom.mask.dtype == np.bool_
        if modality == "ct":
            assert phantom.pixels.dtype == np.int16
            assert phantom.pixels.min() >= -1024
            assert phantom.pixels.max() <= 1500
        else:
            assert phantom.pixels.dtype == np.uint8
        assert phantom.pixels.std() > 20


def test_ct_tissues_have_their_hounsfield_units():
    pixels = make_phantom("ct", 1, 256, SEED).pixels
    assert -1010 < np.median(pixels[:12]) < -990  # air over the patient
    assert np.mean((pixels > -930) & (pixels < -720)) > 0.05  # lung
    assert np.mean((pixels > 0) & (pixels < 120)) > 0.05  # muscle and blood
    assert pixels.max() > 600  # cortical bone


@pytest.mark.parametrize("modality", MODALITIES)
@pytest.mark.parametrize("size", [64, 96])
def test_mask_is_exactly_what_the_lesion_changed(modality, size):
    for index in range(0, 36 * VIEWS[modality], 3):
        diseased, mask = phantoms._render(modality, index, size, SEED, lesion=True)
        healthy, none = phantoms._render(modality, index, size, SEED, lesion=False)
        assert not none.any()
        np.testing.assert_array_equal(diseased[~mask], healthy[~mask])
        if mask.any():
            assert np.mean(diseased[mask] != healthy[mask]) > 0.8


@pytest.mark.parametrize("modality", MODALITIES)
def test_mask_is_empty_for_the_healthy_alone(modality):
    for phantom in population(modality):
        if phantom.label == LABELS[modality][0]:
            assert not phantom.mask.any()
        else:
            assert phantom.mask.sum() >= 6


@pytest.mark.parametrize("modality", MODALITIES)
def test_lesion_is_seen_against_its_own_noise(modality):
    """The lesion's mean effect exceeds the grain of the picture in nearly every image."""
    effects = []
    for index in range(0, 200, 5):
        diseased, mask = phantoms._render(modality, index, 64, SEED, lesion=True)
        healthy, _ = phantoms._render(modality, index, 64, SEED, lesion=False)
        if mask.any():
            effects.append(np.abs(diseased[mask].astype(float) - healthy[mask]).mean())
    assert np.quantile(effects, 0.1) > (150 if modality == "ct" else 8)


@pytest.mark.parametrize("modality", MODALITIES)
def test_classes_balance_over_patients(modality):
    labels = [phantom.label for phantom in population(modality)]
    for label in LABELS[modality]:
        assert labels.count(label) == 100
    assert labels[:3] != labels[3:6] or labels[:3] != labels[6:9]  # shuffled in blocks


@pytest.mark.parametrize("modality", MODALITIES)
def test_views_share_patient_and_class(modality):
    views = VIEWS[modality]
    for patient in range(4):
        group = [make_phantom(modality, patient * views + view, 32, SEED) for view in range(views)]
        assert {phantom.patient for phantom in group} == {f"phantom-{patient:06d}"}
        assert len({phantom.label for phantom in group}) == 1
        assert [phantom.view for phantom in group] == list(range(views))


@pytest.mark.parametrize("modality", MODALITIES)
def test_views_share_anatomy(modality):
    """Views 1 and 2 resemble each other more within a patient than between patients."""
    views, number = VIEWS[modality], 40
    pairs = [[make_phantom(modality, n * views + v, 64, SEED).pixels for v in (1, 2)] for n in range(number)]
    within = [correlation(first, second) for first, second in pairs]
    between = [correlation(pairs[n][0], pairs[(n + 1) % number][1]) for n in range(number)]
    assert np.median(within) > np.median(between) + 0.02
    assert np.mean(np.array(within) > np.array(between)) > 0.75


@pytest.mark.parametrize("modality", MODALITIES)
def test_mean_intensity_does_not_give_the_class_away(modality):
    means = {label: [] for label in LABELS[modality]}
    for phantom in population(modality):
        means[phantom.label].append(phantom.pixels.mean())
    healthy, *lesions = LABELS[modality]
    for lesion in lesions:
        area = auc(means[healthy], means[lesion])
        assert max(area, 1 - area) < 0.75


@pytest.mark.parametrize("modality", MODALITIES)
def test_sizes_show_the_same_patient(modality):
    for index in range(12):
        small = make_phantom(modality, index, 64, SEED)
        large = make_phantom(modality, index, 128, SEED)
        reduced = large.pixels.reshape(64, 2, 64, 2).mean((1, 3))
        assert correlation(small.pixels, reduced) > 0.9
        assert small.label == large.label
        if small.mask.any():
            assert large.mask.mean() == pytest.approx(small.mask.mean(), rel=0.35)


@pytest.mark.parametrize("modality", MODALITIES)
def test_shortcut_marks_the_diseased_and_spares_the_lesion(modality):
    marked = {True: [], False: []}
    for index in range(0, 480, 2):
        plain = make_phantom(modality, index, 32, SEED)
        burnt = make_phantom(modality, index, 32, SEED, shortcut=True)
        changed = plain.pixels != burnt.pixels
        assert not (changed & plain.mask).any()
        np.testing.assert_array_equal(plain.mask, burnt.mask)
        marked[plain.label != LABELS[modality][0]].append(changed.any())
    assert np.mean(marked[True]) > 0.88
    assert np.mean(marked[False]) < 0.15


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("pet", 1, 64, 0), ("'pet'", "ct, cxr, mri", "Choose")),
        (("ct", 0, 64, 0), ("too few", "got 0", "1 or more")),
        (("ct", 1, 31, 0), ("size", "got 31", "32 to 512")),
        (("ct", 1, 513, 0), ("size", "got 513", "32 to 512")),
        (("ct", 1, 64, -1), ("seed", "got -1", "0 or more")),
        (("pet", 0, 1, -1), ("modality", "too few", "size", "seed")),
    ],
)
def test_bad_arguments_are_refused_at_once(arguments, words):
    with pytest.raises(ValueError) as fault:
        make_phantoms(*arguments)
    assert all(word in str(fault.value) for word in words)


def test_bad_index_is_refused():
    with pytest.raises(ValueError, match="index"):
        make_phantom("ct", -1, 64, 0)


@pytest.mark.parametrize("size", [32, 512])
@pytest.mark.parametrize("modality", MODALITIES)
def test_smallest_and_largest_size(modality, size):
    assert make_phantom(modality, 5, size, SEED).pixels.shape == (size, size)
