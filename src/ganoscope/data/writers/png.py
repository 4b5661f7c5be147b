"""One file per image, 8 or 16 bits, with its provenance and a synthetic mark as PNG text."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ganoscope.data.writers import GENERATED, Output, Stack, Write
from ganoscope.progress import CONSOLE

SUFFIX = ".png"
SEPARATE, SIGNED, PLACED = True, False, False
HIGHEST = 65535
"""Highest value of 16 bits."""


@contextmanager
def open_writer(folder: Path, stack: Stack) -> Iterator[Write]:
    """Yields the function that writes `<name>.png`."""

    def write(picture: Output, name: str, code: int) -> str:
        save_picture(folder / f"{name}{SUFFIX}", picture)
        return f"{name}{SUFFIX}"

    yield write


def save_picture(path: Path, picture: Output) -> None:
    """Writes a picture with its unit and offset as PNG text; signed values are shifted by the offset to 16 bits.

    Values that don't fit into 16 bits after that are clipped: their number stands in the text, and is printed.
    """
    pixels, notes = picture.pixels, {**picture.notes, "unit": picture.unit}
    if picture.offset is not None:
        notes["offset"] = picture.offset
    if pixels.dtype.kind == "i":
        shifted = pixels.astype(np.int32) + (picture.offset or 0)
        clipped = int(((shifted < 0) | (shifted > HIGHEST)).sum())
        pixels = shifted.clip(0, HIGHEST).astype(np.uint16)
        if clipped:
            notes["clipped_pixels"] = clipped
            CONSOLE.print(
                f"warning: {clipped:,} pixels of {path.name} lie outside 0 to {HIGHEST} after the offset "
                f"{picture.offset or 0} and were clipped; .npz and .nii.gz hold them."
            )
    save_marked(path, pixels, notes, picture.mark.text)


def save_marked(
    path: Path, picture: NDArray[np.generic], notes: Mapping[str, object], mark: str = GENERATED.text
) -> None:
    """Writes a sheet or a picture as PNG, with a synthetic mark and notes as PNG text.

    Args:
        path: File to write.
        picture: Grey values, shape (H, W), uint8 or uint16, or colours, shape (H, W, 3), uint8.
        notes: Facts, in their order.
        mark: Statement of the file's origin.
    """
    text = PngInfo()
    text.add_text("Description", mark)
    for name, value in notes.items():
        text.add_itxt(f"ganoscope:{name}", str(value))
    Image.fromarray(picture).save(path, format="PNG", pnginfo=text)
