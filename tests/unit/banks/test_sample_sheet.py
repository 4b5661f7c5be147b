"""The samples of a bank: real images of the same classes above a row of each model."""

import numpy as np
from PIL import Image

from ganoscope.banks.model_task import IMAGES
from ganoscope.banks.sample_sheet import choose_real, save_samples
from ganoscope.data.store import Store
from ganoscope.generators.image_store import save_images


def test_real_images_have_the_classes_that_are_wanted(phantom_store):
    store = Store.open(phantom_store)
    wanted = np.array(["notumor", "glioma", "notumor", "glioma"])
    chosen = choose_real(store, wanted, seed=0)
    assert store.column("label")[chosen].tolist() == wanted.tolist()
    assert len(set(chosen.tolist())) == 4
    assert len(choose_real(store, np.array(["", ""]), seed=0)) == 2


def test_a_row_of_each_model_stands_below_the_real_ones(phantom_store, tmp_path):
    store = Store.open(phantom_store)
    for number, grey in enumerate((50, 200)):
        pixels = np.full((3, 32, 32), grey, np.uint8)
        save_images(store, pixels, ["glioma", "notumor", "glioma"], tmp_path / str(number) / IMAGES)
    path = save_samples(tmp_path, [tmp_path / "0", tmp_path / "1"], store, seed=0)
    sheet = np.asarray(Image.open(path))
    assert sheet.shape[0] == 3 * 66 + 2
    rows = sheet[:, -200:]
    first, second = (rows[70 + 66 * row : 70 + 66 * row + 60] for row in (0, 1))
    assert np.median(first) == 50
    assert np.median(second) == 200
