"""Real images, ready to be searched: their bands, and the whitened coordinates of each of their regions.

Memory does not grow with their number: both lie in temporary files.
"""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.copies.bands import BAND_PX, halve, make_bands
from ganoscope.copies.cells import FEWEST_IMAGES, Cells, import_faiss, make_cells
from ganoscope.copies.compared_regions import REGIONS
from ganoscope.copies.whitening import Whitening, fit_whitening

Floats = NDArray[np.float32]
Load = Callable[[NDArray[np.int64]], Floats]
"""From ascending positions, shape (n,), to images in network range, shape (n, H, W)."""

COORDINATES = {True: 256, False: 64}
"""Whitened coordinates of whole images, and of parts."""
FITTED = 4096
"""Most images, evenly spread, that the whitening is fitted to."""
BLOCK = 1024


@dataclass(frozen=True)
class MemberIndex:
    """Real images, ready to be searched.

    Attributes:
        load: Loads some of them.
        groups: Number of the group of each, shape (N,).
        bands: Their bands, shape (N, BAND_PX, BAND_PX), memory-mapped.
        whitenings: Map of each of the `REGIONS`.
        coordinates: Whitened coordinates in each of the regions, each of shape (N, coordinates), memory-mapped.
        cells: The same in cells, where there are very many images; otherwise empty.
    """

    load: Load
    groups: NDArray[np.int64]
    bands: NDArray[np.float16]
    whitenings: tuple[Whitening, ...]
    coordinates: tuple[NDArray[np.float16], ...]
    cells: tuple[Cells, ...] = ()

    @property
    def count(self) -> int:
        """Number of images."""
        return len(self.bands)


def make_index(load: Load, groups: NDArray[Any]) -> MemberIndex:
    """Returns an index of the images that `load` loads, at positions 0 to N - 1.

    Args:
        load: Loads images.
        groups: Patient or near-duplicate cluster of each image, shape (N,), N of 1 or more.

    Raises:
        UserError: There are very many images, and faiss is not installed.
    """
    count = len(groups)
    if count >= FEWEST_IMAGES:
        import_faiss()  # told before the work, not after it
    blocks = list(iterate_blocks(count))
    bands = keep((halve(make_bands(load(block))).astype(np.float16) for block in blocks), (count, BAND_PX, BAND_PX))
    sample = np.asarray(bands[np.unique(np.linspace(0, count - 1, min(count, FITTED)).astype(np.int64))], np.float32)
    whitenings = tuple(fit_whitening(region.cut(sample), COORDINATES[region.whole]) for region in REGIONS)
    coordinates = []
    for region, whitening in zip(REGIONS, whitenings, strict=True):
        cuts = (region.cut(np.asarray(bands[block], np.float32)) for block in blocks)
        coordinates.append(
            keep((whitening.apply(cut).astype(np.float16) for cut in cuts), (count, whitening.matrix.shape[1]))
        )
    cells = tuple(make_cells(values, BLOCK) for values in coordinates) if count >= FEWEST_IMAGES else ()
    return MemberIndex(load, np.unique(groups, return_inverse=True)[1], bands, whitenings, tuple(coordinates), cells)


def iterate_blocks(count: int, length: int = BLOCK) -> Iterator[NDArray[np.int64]]:
    """Yields the positions 0 to `count - 1` in blocks, each of shape (up to `length`,)."""
    for start in range(0, count, length):
        yield np.arange(start, min(start + length, count))


def keep(blocks: Iterator[NDArray[np.float16]], shape: tuple[int, ...]) -> NDArray[np.float16]:
    """Writes blocks to a temporary file, and returns it as an array of that shape, memory-mapped."""
    with tempfile.TemporaryFile() as file:  # without a name: it is gone with the last array that maps it
        for block in blocks:  # written, not mapped: on a full disk, a map ends in a bus error
            file.write(block.tobytes())
        file.flush()
        return np.memmap(file, np.float16, "r", shape=shape)
