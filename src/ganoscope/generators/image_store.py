"""Generated images as a store."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.store import Store
from ganoscope.data.store.derived import derive_store, make_synthetic


def save_images(data: Store, pixels: NDArray[np.generic], labels: Sequence[str], folder: Path) -> None:
    """Writes images as a store in which all of them are for training.

    Args:
        data: Store whose size and intensities they have.
        pixels: Stored units, shape (N, H, W).
        labels: Their classes.
        folder: Folder to create.
    """
    nothing = np.full(data.count, "", "<U10")
    names = [f"{number:06d}" for number in range(len(labels))]
    derive_store(data, nothing, folder, make_synthetic(data, pixels, labels, names))
