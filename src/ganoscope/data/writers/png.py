"""PNG: a file per image, 8 or 16 bits, with its provenance and a synthetic mark as PNG text."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.writers import Stack, Write
from ganoscope.data.writers._marks import HU_OFFSET, save_marked

NOTES = ("method", "label", "seed", "index", "truncation", "images_seen", "weights_sha256", "unit", "offset")


@contextmanager
def open_writer(folder: Path, stack: Stack) -> Iterator[Write]:
    """Yields the function that writes `<index>.png`."""

    def write(pixels: NDArray[np.generic], row: dict[str, object], code: int) -> str:
        name = f"{row['index']:06d}.png"
        if pixels.dtype == np.int16:
            pixels = (pixels.astype(np.int32) + HU_OFFSET).clip(0, 65535).astype(np.uint16)
        save_marked(folder / name, pixels, {note: row[note] for note in NOTES})
        return name

    yield write
