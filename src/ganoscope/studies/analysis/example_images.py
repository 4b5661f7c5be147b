"""Some synthetic images of the first split, by class, beside real ones that its generator learned from."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.arrays import save_arrays
from ganoscope.data.store import Store
from ganoscope.studies.analysis.ssim_distribution import choose

ARRAYS = "examples.npz"
NUMBER = 8
"""Images of each class and kind."""
FIRST_KIND = 10
"""Kind of the first choice of images; see `choose`."""


def save_examples(real: Store, synthetic: Store, seed: int, folder: Path) -> None:
    """Writes `examples.npz`: by class, `real/NAME` and `synthetic/NAME`, 8-bit grey, shape (n, H, W).

    Args:
        real: Store whose training images are drawn from.
        synthetic: Store of synthetic images.
        seed: Seed of the choice.
        folder: Folder to write to.
    """
    labels, train = real.column("label"), real.indices("train")
    arrays: dict[str, NDArray[np.uint8]] = {}
    for number, name in enumerate(np.unique(labels[train]).tolist()):
        own = train[labels[train] == name]
        drawn = np.flatnonzero(synthetic.column("label") == name)
        for kind, store, positions in (("real", real, own), ("synthetic", synthetic, drawn)):
            chosen = choose(positions, NUMBER, seed, FIRST_KIND + number)
            arrays[f"{kind}/{name}"] = store.intensity.to_display(np.asarray(store.images[chosen]))
    save_arrays(folder / ARRAYS, arrays)
