"""A store at a glance: some images of every class, lesion outlines where masks exist."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from ganoscope.data.store import Store
from ganoscope.files import replacing

COLUMNS, MIN_ROWS = 10, 2


def save_contact_sheet(store: Store, path: Path, seed: int = 0) -> Path:
    """Draws random images of every class, some rows each, writes them as PNG, and returns the path."""
    labels = store.column("label")
    names = np.unique(labels)
    rows = max(MIN_ROWS, 6 // len(names))
    figure = Figure(figsize=(COLUMNS * 1.2, rows * len(names) * 1.2 + 0.6), dpi=130, layout="constrained")
    figure.suptitle(f"{store.name}: {store.count:,} images, {store.intensity.unit}")
    axes = figure.subplots(rows * len(names), COLUMNS, squeeze=False)
    rng = np.random.default_rng(seed)
    for number, name in enumerate(names):
        members = np.flatnonzero(labels == name)
        chosen = np.sort(rng.permutation(members)[: rows * COLUMNS])
        block = axes[number * rows : (number + 1) * rows]
        block[0, 0].set_title(f"{name or 'all'} ({len(members):,})", loc="left", fontsize=9)
        for axis in block.flat:
            axis.axis("off")
        for axis, index in zip(block.flat, chosen, strict=False):
            axis.imshow(store.intensity.to_display(store.images[index]), cmap="gray", vmin=0, vmax=255)
            if store.masks is not None and store.masks[index].any():
                axis.contour(store.masks[index], [0.5], colors="#ffb000", linewidths=0.7)
    with replacing(path) as partial:
        figure.savefig(partial, format="png")
    return path
