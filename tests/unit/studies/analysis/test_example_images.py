"""Images for the report's sheet, class by class."""

import numpy as np

from ganoscope.data.arrays import load_arrays
from ganoscope.data.store import Store
from ganoscope.studies.analysis.example_images import NUMBER, save_examples


def test_images_of_every_class_are_kept(phantom_store, tmp_path):
    store = Store.open(phantom_store)
    save_examples(store, store, 0, tmp_path)
    found = load_arrays(tmp_path / "examples.npz", "")
    names = sorted(set(store.column("label")))
    assert sorted(found) == sorted(f"{kind}/{name}" for kind in ("real", "synthetic") for name in names)
    assert {images.shape for images in found.values()} == {(NUMBER, 32, 32)}
    own = store.intensity.to_display(np.asarray(store.images[store.column("label") == names[0]]))
    assert all((image == own).all((1, 2)).any() for image in found[f"real/{names[0]}"])
