"""The contact sheet of a store."""

import numpy as np
from PIL import Image
from tests.fixtures.made_up_stores import write_store

from ganoscope.data.store import Store
from ganoscope.figures.contact_sheet import save_contact_sheet


def test_the_same_seed_gives_the_same_picture(phantom_store, tmp_path):
    store = Store.open(phantom_store)
    paths = [save_contact_sheet(store, tmp_path / f"{number}.png", seed) for number, seed in enumerate((0, 0, 1))]
    pictures = [np.asarray(Image.open(path)) for path in paths]
    assert np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[0], pictures[2])
    assert pictures[0].std() > 10


def test_contact_sheet_of_very_many_classes_stays_a_picture(tmp_path):
    store = write_store(tmp_path / "store", [{"label": f"class {n}", "boxes": "1 1 3 3"} for n in range(60)])
    with Image.open(save_contact_sheet(store, tmp_path / "sheet.png")) as sheet:
        assert sheet.height < 10_000
