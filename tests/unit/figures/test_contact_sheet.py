"""A store at a glance."""

import numpy as np
from PIL import Image

from ganoscope.data.store import Store
from ganoscope.figures.contact_sheet import save_contact_sheet


def test_the_same_seed_gives_the_same_picture(phantom_store, tmp_path):
    store = Store.open(phantom_store)
    paths = [save_contact_sheet(store, tmp_path / f"{number}.png", seed) for number, seed in enumerate((0, 0, 1))]
    pictures = [np.asarray(Image.open(path)) for path in paths]
    assert np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[0], pictures[2])
    assert pictures[0].std() > 10
