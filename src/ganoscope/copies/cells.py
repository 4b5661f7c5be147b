"""Search among very many real images: only those in the same cell of the coordinates, or in one near it, are compared.

The coordinates of a region are divided into cells around centres (inverted lists); a query is compared with the images
of the cells whose centres are nearest to it, instead of with all. The time of a query so grows with the square root of
the number of images. Not all nearest images are found, the nearer the more surely: copies lie very near.

Source: inverted lists: Jegou, Douze, Schmid 2011, sect. 4, https://doi.org/10.1109/TPAMI.2010.57; as in faiss:
    Douze et al. 2024, https://arxiv.org/abs/2401.08281
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.errors import UserError, describe

Floats = NDArray[np.float32]

FEWEST_IMAGES = 100_000
"""Fewer real images are compared one by one."""
IMAGES_PER_CELL = 100
"""Mean number of images of a cell."""
CELLS_SEARCHED = 16
"""Cells that are looked through for a query."""
FITTED_PER_CELL, ROUNDS = 40, 5
"""Images per cell that the centres are fitted to, and the rounds of k-means."""


@dataclass(frozen=True)
class Cells:
    """Coordinates of real images in cells.

    Attributes:
        lists: Index of faiss, with its vectors in a file.
    """

    lists: Any

    def search(self, queries: Sequence[Floats], number: int) -> tuple[NDArray[Any], NDArray[Any], Floats]:
        """Returns the real images that are most similar to images in any view, best first, each shape (n, number).

        Args:
            queries: Coordinates of the images in every view, each of shape (n, coordinates), with norm 1.
            number: Real images to find.

        Returns:
            Positions, numbers of the view, and absolute cosines; where too few are found, the rest have cosine 0.
        """
        views, images = len(queries), len(queries[0])
        found = self.lists.search(np.concatenate([*queries, *(-query for query in queries)]), number)
        view = np.broadcast_to((np.arange(2 * views) % views)[:, None, None], (2 * views, images, number))
        cosine, place, way = (
            np.asarray(values).reshape(2 * views, images, number).swapaxes(0, 1).reshape(images, -1)
            for values in (*found, view)
        )
        cosine = np.where((place < 0) | find_repeated(place, cosine), 0, cosine).clip(min=0).astype(np.float32)
        order = np.argsort(-cosine, axis=1, kind="stable")[:, :number]
        place, way, cosine = (np.take_along_axis(values, order, axis=1) for values in (place, way, cosine))
        return place.clip(min=0), way, cosine


def find_repeated(positions: NDArray[Any], similarities: Floats) -> NDArray[np.bool_]:
    """Tells which entries of a row name a position that another one names with more similarity, shape (n, m).

    Args:
        positions: Shape (n, m).
        similarities: Same shape.
    """
    order = np.lexsort((-similarities, positions), axis=1)
    ordered = np.take_along_axis(positions, order, axis=1)
    repeated = np.zeros(positions.shape, bool)
    np.put_along_axis(repeated, order[:, 1:], ordered[:, 1:] == ordered[:, :-1], axis=1)
    return repeated


def make_cells(coordinates: NDArray[np.float16], block: int) -> Cells:
    """Returns coordinates in cells, which lie in a temporary file.

    Args:
        coordinates: Shape (N, coordinates), with norm 1.
        block: Images that are read at once.
    """
    faiss, count = import_faiss(), len(coordinates)
    number = max(1, count // IMAGES_PER_CELL)
    lists = faiss.index_factory(coordinates.shape[1], f"IVF{number},SQfp16", faiss.METRIC_INNER_PRODUCT)
    lists.cp.niter, lists.cp.max_points_per_centroid, lists.cp.min_points_per_centroid = ROUNDS, FITTED_PER_CELL, 1
    lists.train(np.asarray(coordinates[:: max(1, count // (number * FITTED_PER_CELL))], np.float32))
    for start in range(0, count, block):
        lists.add(np.asarray(coordinates[start : start + block], np.float32))
    with tempfile.TemporaryDirectory() as folder:  # its name may go: what maps the file keeps it
        path = str(Path(folder) / "cells")
        faiss.write_index(lists, path)
        mapped = faiss.read_index(path, faiss.IO_FLAG_MMAP)
    mapped.nprobe = min(CELLS_SEARCHED, number)
    return Cells(mapped)


def import_faiss() -> Any:
    """Returns faiss.

    Raises:
        UserError: It is not installed.
    """
    try:
        import faiss
    except ImportError as error:
        fault = f"{FEWEST_IMAGES:,} real images or more can't be searched for copies without faiss"
        raise UserError(describe(fault, error, "faiss-cpu", 'pip install "ganoscope[index]"')) from None
    return faiss
