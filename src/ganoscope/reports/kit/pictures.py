"""Pictures inside the page: PNG and SVG as data URIs, small enough to mail."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ganoscope.figures.sheets import GAP_PX
from ganoscope.training.run_folder.samples import COLUMNS

GRIDS = 6
"""Sample grids shown over time."""
CELLS = 4
"""Rows and columns of a grid that are shown over time; the final one is shown whole."""
MAX_PX = 1800
"""Longest side of an embedded picture: sharp on a page of 1000 CSS pixels on a retina display."""
MAX_BYTES = 600_000
"""A picture above this size is reduced to 256 colours, or 64 greys."""
GREYS = 64


@dataclass(frozen=True)
class Picture:
    """A picture with its words.

    Attributes:
        source: Data URI.
        alt: What it shows, for those who can't see it.
        caption: What to read from it.
        fine: Whether its pixels are image pixels, to be enlarged without blur.
        width_px: Its width on the page; at most the page's.
    """

    source: str
    alt: str
    caption: str
    fine: bool = False
    width_px: int = 1000


def embed_svg(text: str) -> str:
    """Returns a data URI of an SVG figure; as an image it can load nothing from elsewhere."""
    return "data:image/svg+xml;base64," + base64.b64encode(text.encode()).decode()


def embed_image(image: Image.Image, max_px: int = MAX_PX) -> str:
    """Returns a data URI of a picture as PNG, made smaller or poorer in colours only where it would be too large."""
    image = image if image.mode in ("L", "RGB") else image.convert("RGB")
    if max(image.size) > max_px:
        image = image.copy()
        image.thumbnail((max_px, max_px), Image.Resampling.LANCZOS)
    content = to_png(image)
    if len(content) > MAX_BYTES:
        content = to_png(image.quantize(GREYS if image.mode == "L" else 256, dither=Image.Dither.NONE))
    return "data:image/png;base64," + base64.b64encode(content).decode()


def to_png(image: Image.Image) -> bytes:
    """Returns a picture's bytes as PNG."""
    content = io.BytesIO()
    image.save(content, format="PNG", optimize=True)
    return content.getvalue()


def list_grids(run: Path) -> list[tuple[int, Path]]:
    """Returns the run's sample grids with the images seen, in order."""
    return sorted((int(path.stem), path) for path in (run / "samples").glob("[0-9]*.png"))


def choose_grids(seen: list[int]) -> list[int]:
    """Returns positions of up to six grids at growing distance, the last among them; the untrained one only if alone.

    Example:
        >>> choose_grids([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100])
        [1, 2, 3, 4, 6, 10]
    """
    start = 1 if len(seen) > 1 and seen[0] == 0 else 0
    free = list(range(start, len(seen)))
    if len(free) <= GRIDS:
        return free
    chosen: list[int] = []
    for target in np.geomspace(seen[-1], seen[start], GRIDS):
        nearest = min(free, key=lambda position: abs(seen[position] - target))
        chosen.append(nearest)
        free.remove(nearest)
    return sorted(chosen)


def crop_grid(grid: Image.Image, cells: int = CELLS) -> Image.Image:
    """Returns the first rows and columns of a sample grid with its frame; all of one whose rows have captions."""
    if grid.width != grid.height:
        return grid
    step = (grid.width - GAP_PX) // COLUMNS
    side = cells * step + GAP_PX
    return grid.crop((0, 0, min(side, grid.width), min(side, grid.height)))


def show_grid(path: Path, caption: str, alt: str, whole: bool, width_px: int) -> Picture:
    """Returns a sample grid, whole or its first rows and columns, to be shown `width_px` wide."""
    with Image.open(path) as image:
        grid = image.convert("L")
    return Picture(embed_image(grid if whole else crop_grid(grid), 2 * width_px), alt, caption, True, width_px)
