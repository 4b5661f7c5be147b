"""Stores made from another: pixels, rows and masks of what is kept, and nothing of what is left out."""

import numpy as np

from ganoscope.data.store import Store
from ganoscope.data.store.derived import derive_store, make_duplicates, make_synthetic


def test_what_is_kept_is_unchanged_and_the_rest_is_absent(phantom_store, tmp_path):
    store = Store.open(phantom_store)
    splits = np.where(np.arange(store.count) % 3 == 0, "train", "")
    derived = derive_store(store, splits, tmp_path / "derived")
    derived.verify()
    kept = np.flatnonzero(splits != "")
    assert derived.count == len(kept)
    assert np.array_equal(derived.images, store.images[kept])
    assert np.array_equal(derived.masks, store.masks[kept])
    for name in ("sample_id", "label", "patient", "group"):
        assert derived.column(name).tolist() == store.column(name)[kept].tolist()
    assert set(derived.column("split")) == {"train"}
    assert derived.intensity == store.intensity


def test_added_images_come_last_and_tell_their_origin(phantom_store, tmp_path):
    store = Store.open(phantom_store)
    splits = np.where(np.arange(store.count) < 10, "validation", "")
    derived = derive_store(store, splits, tmp_path / "twice", make_duplicates(store, np.array([20, 20, 30])))
    assert derived.column("added").tolist() == [""] * 10 + ["duplicate"] * 3
    assert derived.column("split")[10:].tolist() == ["train"] * 3
    assert derived.column("patient")[10:].tolist() == store.column("patient")[[20, 20, 30]].tolist()
    assert len(set(derived.column("sample_id"))) == 13
    assert np.array_equal(derived.images[10:], store.images[[20, 20, 30]])

    pixels = np.full((2, store.size, store.size), 7.0)
    made = make_synthetic(store, pixels, ["glioma", "none"], ["000", "001"])
    derived = derive_store(store, splits, tmp_path / "made", made)
    assert derived.column("added")[10:].tolist() == ["synthetic"] * 2
    assert derived.column("label")[10:].tolist() == ["glioma", "none"]
    assert set(derived.column("patient")[10:]) == {""}
    assert len(set(derived.column("group")[10:])) == 2
    assert (derived.images[10:] == 7).all()
