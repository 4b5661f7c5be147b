"""Small pictures, folders of them, and made-up stores."""

import csv
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from ganoscope.data.intensity import IntensityMap
from ganoscope.data.store import COLUMNS, Sample, Store, StoreWriter

DTYPE_RANGE = {"uint8": (0, 255), "uint16": (0, 60_000), "int16": (-1024, 3071)}


def draw_smooth(seed: int, shape=(32, 32), dtype="uint8", wavelength=8):
    """Smooth noise that fills the type's range: pictures of different seeds do not resemble each other."""
    noise = gaussian_filter(np.random.default_rng(seed).standard_normal(shape), max(shape) / wavelength)
    noise = (noise - noise.min()) / (noise.max() - noise.min())
    low, high = DTYPE_RANGE[dtype]
    return np.rint(low + noise * (high - low)).astype(dtype)


@pytest.fixture(scope="session")
def smooth():
    return draw_smooth


@pytest.fixture
def make_source(tmp_path):
    """Writes pictures (arrays), or raw bytes, under the names given, into a folder."""

    def make(files, folder="source") -> Path:
        for name, content in files.items():
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
            else:
                Image.fromarray(content).save(path)
        return tmp_path / folder

    return make


@pytest.fixture
def make_store(tmp_path):
    """Writes a store from manifest rows; what a row leaves out is filled so that nothing is wrong with it."""

    def make(rows, pixels=None, dtype="uint8", masks=None, quarantine=(), path=None, modality="") -> Store:
        path = path or tmp_path / "made_up_store"
        path.mkdir()
        if pixels is None:
            pixels = np.random.default_rng(0).integers(0, 256, (len(rows), 16, 16)).astype(dtype)
        writer = StoreWriter(path, pixels.shape[1], dtype)
        for index, image in enumerate(pixels):
            writer.append(image, None if masks is None else masks[index])
        with (path / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            table.writeheader()
            table.writerows(fill_row(index, row) for index, row in enumerate(rows))
        with (path / "quarantine.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([("source", "reason"), *quarantine])
        low, high = DTYPE_RANGE[dtype]
        writer.finish("made up", IntensityMap(float(low), float(high), "grey", dtype), modality)
        return Store.open(path)

    return make


def fill_row(index, row):
    usual = {
        "sample_id": f"id-{index}",
        "label": "sick" if index % 2 else "well",
        "patient": f"patient-{index:06d}",
        "group": f"group-{index:06d}",
        "split": ("train", "train", "train", "train", "validation", "test")[index // 2 % 6],
        "source": f"file-{index:07d}",
        "source_split": "",
        "source_sha256": f"{index:064x}",
        "height_px": 16,
        "width_px": 16,
    }
    return asdict(Sample(**{**usual, **row}))
