"""The samples of a bank at a glance: a row of real images, and a row of each model, all of the same noise."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.banks.bank_plan import name_column
from ganoscope.banks.model_task import IMAGES
from ganoscope.data.store import Store
from ganoscope.figures.sheets import make_sheet, save_picture
from ganoscope.seeds import Stream, stream

SAMPLES = "samples.png"
COLUMNS, MOST_ROWS = 10, 64
"""Images of a row, and most models that are shown: the picture can still be opened."""
SHOWN_PX = 64
"""Smaller images are enlarged by whole factors up to this side."""


def save_samples(out: Path, results: Sequence[Path], store: Store, seed: int) -> Path:
    """Writes the picture, and returns its path: classes are the same in all rows, noise in those of models.

    Args:
        out: Folder of the bank.
        results: Folder of the result of every model.
        store: Store of the bank.
        seed: Random seed of the bank.
    """
    drawn = [Store.open(folder / IMAGES) for folder in results[:MOST_ROWS]]
    count = min(COLUMNS, drawn[0].count)
    real = choose_real(store, drawn[0].column("label")[:count], seed)
    rows = [store.images[real], *(images.images[np.arange(count)] for images in drawn)]
    pictures = store.intensity.to_display(np.concatenate([np.asarray(row) for row in rows]))
    factor = max(1, SHOWN_PX // store.size)
    enlarged = pictures.repeat(factor, axis=1).repeat(factor, axis=2)
    captions = ["real", *(name_column(model) for model in range(len(drawn)))]
    save_picture(out / SAMPLES, make_sheet(enlarged, count, captions))
    return out / SAMPLES


def choose_real(store: Store, labels: NDArray[np.str_], seed: int) -> NDArray[np.int64]:
    """Returns positions of random images of a store that have given classes, shape (N,).

    Args:
        store: The store.
        labels: Class of each image that is wanted, shape (N,); "" for any.
        seed: Random seed.
    """
    rng, classes = stream(seed, Stream.BANK_SHOWN), store.column("label")
    order = rng.permutation(store.count)
    chosen = np.empty(len(labels), np.int64)
    for name in np.unique(labels):
        places = np.flatnonzero(labels == name)
        chosen[places] = np.resize(order if name == "" else order[classes[order] == name], len(places))
    return chosen
