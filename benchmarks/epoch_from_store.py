"""A shuffled epoch read from the store in batches, against decoding, resizing and scaling the JPEGs again each epoch.

Both yield float32 batches in [-1, 1]. The alternative decodes with Pillow in a pool of one thread per core.
"""

import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from ganoscope.data.feeding.feed import choose_batch
from ganoscope.data.phantoms import make_phantoms
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.store import Store
from ganoscope.workflows.prepare import prepare

SIZE, BATCH, ROUNDS = 64, 32, 5


def write_phantom_jpegs(folder):
    for index, phantom in enumerate(make_phantoms("mri", 1000, 224, seed=0)):
        Image.fromarray(phantom.pixels).save(folder / f"{index:05d}.jpg", quality=92)


def decode(path):
    with Image.open(path) as image:
        grey = image.convert("L").resize((SIZE, SIZE), Image.Resampling.LANCZOS)
    return np.asarray(grey, np.float32) / 127.5 - 1.0


def epoch_of_decoding(files, pool, seed):
    order = np.random.default_rng(seed).permutation(len(files))
    for start in range(0, len(files) - BATCH + 1, BATCH):
        np.stack(list(pool.map(decode, [files[index] for index in order[start : start + BATCH]])))


def epoch_from_store(store, seed):
    indices = np.arange(store.count)
    for seen in range(0, store.count - BATCH + 1, BATCH):
        store.load_images(choose_batch(indices, seen, BATCH, seed))


def main():
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(os.cpu_count()) as pool:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(name) / "jpegs"
        if len(sys.argv) < 2:
            folder.mkdir()
            write_phantom_jpegs(folder)
        prepare(folder, Path(name) / "store", PrepareConfig(size=SIZE))
        store = Store.open(Path(name) / "store")
        files = sorted(path for path in folder.rglob("*") if path.suffix in (".jpg", ".jpeg", ".png"))
        ratios, times = [], []
        for seed in range(ROUNDS + 1):
            start = time.perf_counter()
            epoch_of_decoding(files, pool, seed)
            middle = time.perf_counter()
            epoch_from_store(store, seed)
            end = time.perf_counter()
            if seed:
                times.append((middle - start, end - middle))
                ratios.append((middle - start) / (end - middle))
    decoding, reading = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"{len(files)} images of {folder.name}: decoding {decoding:.3f} s an epoch, store {reading:.4f} s")
    print(f"ratio decoding / store: median {statistics.median(ratios):.0f}, {min(ratios):.0f} to {max(ratios):.0f}")


if __name__ == "__main__":
    main()
