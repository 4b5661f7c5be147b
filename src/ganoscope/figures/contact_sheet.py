"""A store at a glance: some images of every class, lesion outlines and boxes where there are any."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from ganoscope.data.store import Store
from ganoscope.figures.sheets import GAP_PX, make_sheet
from ganoscope.files import replacing
from ganoscope.seeds import Stream, stream

COLUMNS, MIN_ROWS = 10, 2
CLASSES = 20
"""Most classes on a sheet, those with the most images: the picture can still be opened."""
FINDING = "#ffb000"


def save_contact_sheet(store: Store, path: Path, seed: int = 0) -> Path:
    """Writes a PNG with random images of every class, some rows each, and returns its path.

    Args:
        store: The store.
        path: File to write.
        seed: Random seed of the choice of images.
    """
    labels, boxes = store.column("label"), store.column("boxes")
    every, counts = np.unique(labels, return_counts=True)
    names = every[np.sort(np.argsort(-counts, kind="stable")[:CLASSES])]
    rows = max(MIN_ROWS, 6 // len(names))
    figure = Figure(figsize=(COLUMNS * 1.2, (rows * 1.2 + 0.3) * len(names) + 0.5), dpi=130, layout="constrained")
    cut = f", {len(names)} of {len(every):,} classes" if len(names) < len(every) else ""
    figure.suptitle(f"{store.name}: {store.count:,} images, {store.intensity.unit}{cut}", parse_math=False)
    rng = stream(seed, Stream.CONTACT_SHEET)
    for number, name in enumerate(names):
        members = np.flatnonzero(labels == name)
        chosen = np.sort(rng.permutation(members)[: rows * COLUMNS])
        axes = figure.add_subplot(len(names), 1, number + 1)
        axes.set_title(f"{name or 'all'} ({len(members):,})", loc="left", fontsize=9, parse_math=False)
        axes.axis("off")
        draw_images(axes, store, chosen, rows, boxes)
    with replacing(path) as partial:
        figure.savefig(partial, format="png")
    return path


def draw_images(axes: Any, store: Store, chosen: NDArray[np.int64], rows: int, boxes: NDArray[np.str_]) -> None:
    """Draws some images of a class in `rows` rows, with the outlines of their lesion masks and their boxes.

    Args:
        axes: Where to draw.
        store: The store.
        chosen: Positions of the images, shape (n,) with n up to rows x COLUMNS.
        rows: Rows of the sheet; those that are not filled stay white.
        boxes: The manifest's column, "x y width height; ..." in store pixels.
    """
    step = store.size + GAP_PX
    pixels = np.asarray(store.images[chosen])
    axes.imshow(make_sheet(store.intensity.to_display(pixels), COLUMNS), cmap="gray", vmin=0, vmax=255)
    axes.set(xlim=(-0.5, COLUMNS * step + GAP_PX - 0.5), ylim=(rows * step + GAP_PX - 0.5, -0.5))
    if store.masks is not None and store.masks[chosen].any():
        shown = make_sheet(np.asarray(store.masks[chosen], np.uint8), COLUMNS)
        axes.contour(shown == 1, [0.5], colors=FINDING, linewidths=0.7)
    for number, index in enumerate(chosen):
        left, top = (GAP_PX + cell * step - 0.5 for cell in (number % COLUMNS, number // COLUMNS))
        for box in filter(str.strip, str(boxes[index]).split(";")):
            x, y, width, height = (float(part) for part in box.split())
            corner = (left + x, top + y)
            axes.add_patch(Rectangle(corner, width, height, fill=False, edgecolor=FINDING, linewidth=0.7))
