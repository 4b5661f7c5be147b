"""Which images galleries show."""

import numpy as np
from tests.fixtures.made_up_stores import write_store

from ganoscope.data.inspection.brightness import measure
from ganoscope.data.inspection.exhibits import MARKED, choose_exhibits, find_extremes, find_window
from ganoscope.data.store.columns import read_columns


def test_extremes_hold_one_image_of_each_group(tmp_path):
    pixels = np.arange(12, dtype=np.uint8)[:, None, None] * np.ones((12, 16, 16), np.uint8)
    rows = [{"group": "slices" if n < 10 else f"other-{n}"} for n in range(12)]
    store = write_store(tmp_path / "store", rows, pixels)
    found = find_extremes(measure(store, store.column("label"), seed=0), store.column("group"))
    assert found["darkest"].tolist() == [0, 10, 11]
    assert found["brightest"].tolist() == [11, 10, 9]


def test_selections_are_limited_ordered_and_the_same_for_the_same_seed(tmp_path):
    rows = [{"label": "ab"[n % 2], "markers": "1 1 2 2" * (n < 60), "coloured": n < 5} for n in range(80)]
    store = write_store(tmp_path / "store", rows)
    columns, measured = read_columns(store), measure(store, store.column("label"), seed=0)
    one, same, other = (choose_exhibits(columns, (), measured, seed) for seed in (0, 0, 1))
    assert len(one.markers) == MARKED
    assert (columns["markers"][one.markers] != "").all()
    assert (np.diff(np.unique(columns["label"][one.markers], return_inverse=True)[1]) >= 0).all()
    assert one.coloured.tolist() == [0, 1, 2, 3, 4]
    assert all((columns["label"][chosen] == label).all() for label, chosen in one.sheets.items())
    np.testing.assert_array_equal(one.markers, same.markers)
    assert one.markers.tolist() != other.markers.tolist()


def test_the_window_is_the_networks_range_without_values_that_no_pixel_has(tmp_path):
    pixels = np.random.default_rng(0).integers(100, 120, (6, 16, 16)).astype(np.int16)
    store = write_store(tmp_path / "store", [{} for _ in range(6)], pixels, "int16")
    window = find_window(store.intensity, measure(store, store.column("label"), seed=0))
    assert store.intensity.low < window.low <= 100
    assert 119 <= window.high < store.intensity.high
