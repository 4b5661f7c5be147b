"""Images of another store: recognised by pixels, without margins, and never by being empty."""

from dataclasses import replace

import numpy as np
import pytest

from ganoscope.data.checks.other_stores import cut_margin, find_shared, number_both
from ganoscope.data.store import Store
from ganoscope.data.store.derived import AddedImages, derive_store


@pytest.fixture(scope="module")
def store(phantom_store):
    return Store.open(phantom_store)


def make_other(store, pixels, folder, **changes):
    """Writes a store of the given images only."""
    first = next(iter(store.samples()))
    rows = [replace(first, sample_id=f"other-{number}", **changes) for number in range(len(pixels))]
    return derive_store(store, np.full(store.count, ""), folder, AddedImages(np.asarray(pixels), rows))


def test_the_same_pixels_and_turned_ones_are_told_apart(store, tmp_path):
    first, second, noise = store.images[0], store.images[1].T, np.random.default_rng(0).permuted(store.images[2])
    found = find_shared(make_other(store, [first, second, noise], tmp_path / "other"), store, closely=True)
    assert found.same.tolist() == [True, False, False]
    assert found.near.tolist() == [True, True, False]


def test_without_a_close_look_only_the_same_pixels_count(store, tmp_path):
    found = find_shared(make_other(store, [store.images[0], store.images[1].T], tmp_path / "other"), store, False)
    assert found.near.tolist() == [True, False]


def test_empty_pictures_are_no_copies_of_each_other(store, tmp_path):
    empty = make_other(store, np.zeros((2, store.size, store.size), store.intensity.dtype), tmp_path / "empty")
    found = find_shared(empty, empty, closely=True)
    assert not found.same.any()
    assert not found.near.any()


def test_the_margin_of_a_padded_picture_is_left_out():
    pixels = np.arange(64).reshape(8, 8)
    assert cut_margin(pixels, "0 0 20 10 > 0 2 8 4").tolist() == pixels[:, 2:6].tolist()
    assert cut_margin(pixels, "") is pixels


def test_patients_of_two_stores_are_never_the_same_number(store):
    numbers = number_both(store, store, "patient")
    assert not {*numbers[: store.count].tolist()} & ({*numbers[store.count :].tolist()} - {-1})
