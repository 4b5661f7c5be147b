"""Ingest: one unit per store, the others in quarantine."""

import numpy as np
import pytest
from tests.fixtures.prepared import SMALL, quarantine_of

from ganoscope.errors import UserError
from ganoscope.workflows.prepare import prepare


def test_16_bit_stores_keep_their_depth_and_their_range(make_source, target, smooth):
    wide = {f"{n}.png": smooth(n, (16, 16), "uint16") // 4 + 900 for n in range(5)}
    store = prepare(make_source(wide), target, SMALL)
    assert (store.images.dtype, store.intensity.unit) == (np.uint16, "grey 16 bit")
    assert (store.intensity.low, store.intensity.high) == (900, 15900)
    np.testing.assert_array_equal(store.images, np.stack(list(wide.values())))
    np.testing.assert_array_equal(store.intensity.to_pixels(store.load_images(np.arange(5))[:, 0]), store.images)


def test_few_pictures_of_other_depth_are_quarantined(make_source, target, pictures, smooth):
    store = prepare(make_source({**pictures, "well/z.png": smooth(50, dtype="uint16")}), target, SMALL)
    assert quarantine_of(store) == {"well/z.png": "grey 16 bit in a store of grey 8 bit"}
    assert store.count == 12


def test_source_of_mostly_another_depth_is_refused(make_source, target, smooth):
    mixed = {"a.png": smooth(0)} | {f"b{n}.png": smooth(n, dtype="uint16") for n in range(5)}
    with pytest.raises(UserError, match=r"mixes kinds of pixels.* 5 x grey 16 bit; 1 x grey 8 bit.*--scale image"):
        prepare(make_source(mixed), target, SMALL)
    assert not target.exists()


def test_the_most_frequent_depth_is_taken_whichever_comes_first(make_source, target, smooth):
    mixed = {"a.png": smooth(0)} | {f"b{n:02d}.png": smooth(n, dtype="uint16") for n in range(12)}
    store = prepare(make_source(mixed), target, SMALL)
    assert quarantine_of(store) == {"a.png": "grey 8 bit in a store of grey 16 bit"}
    assert (store.count, store.intensity.unit) == (12, "grey 16 bit")


def test_source_without_usable_images_is_refused_with_the_reasons(make_source, target):
    bad = {"a.png": b"", "b.png": b"", "c.csv": b"x"}
    with pytest.raises(UserError, match=r"no usable image; of 3 files:\n  2 x the file is empty"):
        prepare(make_source(bad), target, SMALL)
    assert list(target.parent.iterdir()) == [target.parent / "source"]
