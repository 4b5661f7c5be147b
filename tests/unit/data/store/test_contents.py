"""Statistics: equal to NumPy's on the whole array, though read block by block."""

import numpy as np
import pytest

from ganoscope.data.picture import PADDING_HU
from ganoscope.data.store import contents
from ganoscope.data.store.contents import compute_statistics


def clean_rows(count):
    return [{} for _ in range(count)]


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16"])
def test_statistics_equal_numpy_on_the_whole_array(make_store, monkeypatch, dtype):
    monkeypatch.setattr(contents, "BLOCK_PX", 7 * 16**2)
    low, high = {"uint8": (0, 256), "uint16": (50_000, 65_536), "int16": (-1024, 3072)}[dtype]
    pixels = np.random.default_rng(0).integers(low, high, (45, 16, 16)).astype(dtype)
    statistics = compute_statistics(make_store(clean_rows(45), pixels, dtype))
    assert statistics.mean == pytest.approx(pixels.mean(dtype=np.float64), rel=1e-12)
    assert statistics.deviation == pytest.approx(pixels.std(dtype=np.float64), rel=1e-9)
    assert statistics.percentiles == pytest.approx(tuple(np.percentile(pixels, (1, 50, 99))), rel=1e-12)


def test_percentiles_are_of_all_images_of_a_large_store(make_store):
    pixels = np.random.default_rng(0).integers(0, 60_000, (2101, 2, 2)).astype(np.uint16)
    statistics = compute_statistics(make_store(clean_rows(2101), pixels, "uint16"))
    assert statistics.percentiles == pytest.approx(tuple(np.percentile(pixels, (1, 50, 99))), rel=1e-12)
    assert statistics.mean == pytest.approx(pixels.mean())


def test_statistics_count_the_manifest(make_store):
    rows = [
        {"split": "train", "label": "a", "group": "g1", "patient": "p1", "height_px": 20, "width_px": 30},
        {"split": "train", "label": "a", "group": "g1", "patient": "p1", "height_px": 20, "width_px": 30},
        {"split": "train", "label": "b", "group": "g2", "patient": "p2", "height_px": 30, "width_px": 20},
        {"split": "test", "label": "a", "group": "g3", "patient": ""},
        {"split": "validation", "label": "a", "group": "g4", "patient": "p4"},
    ]
    statistics = compute_statistics(make_store(rows, quarantine=[("x.png", "empty"), ("y.png", "empty")]))
    assert statistics.counts == {("test", "a"): 1, ("train", "a"): 2, ("train", "b"): 1, ("validation", "a"): 1}
    assert statistics.groups == {"train": 2, "validation": 1, "test": 1}
    assert statistics.patients == {"train": 2, "validation": 1, "test": 0}
    assert dict(statistics.shapes) == {(20, 30): 2, (30, 20): 1, (16, 16): 2}
    assert statistics.quarantined == {"empty": 2}


def test_pixels_that_were_not_measured_do_not_count(make_store):
    pixels = np.random.default_rng(0).integers(-1000, 500, (40, 16, 16)).astype(np.int16)
    padded = pixels.copy()
    padded[:, :4] = PADDING_HU
    statistics = compute_statistics(make_store(clean_rows(40), padded, "int16"))
    assert statistics.mean == pytest.approx(pixels[:, 4:].mean())
    assert statistics.percentiles == tuple(np.percentile(pixels[:, 4:], (1, 50, 99)))


def test_empty_masks_are_no_findings(make_store, monkeypatch):
    monkeypatch.setattr(contents, "BLOCK_PX", 2 * 16**2)
    masks = np.zeros((5, 16, 16), bool)
    masks[3, 2, 2] = True
    rows = [{"annotated": True, "boxes": "1 1 2 2" if index == 4 else ""} for index in range(5)]
    assert compute_statistics(make_store(rows, masks=masks)).masked == {contents.FINDINGS: 2}
