"""Which real images an image may be a copy of: those with the most similar whitened coordinates in any view.

All pairs are compared, in blocks: of whole images in every view, and of every part at its place, in all eight
orientations. Time grows with the product of the numbers of images, so large sets are compared in fewer views, and very
large ones in cells.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ganoscope.copies.bands import Pictures
from ganoscope.copies.compared_regions import REGIONS
from ganoscope.copies.member_index import BLOCK, MemberIndex, iterate_blocks
from ganoscope.copies.views import View, apply_all, list_views

Floats = NDArray[np.float32]
Extent = Literal["whole", "part"]
Best = tuple[NDArray[Any], NDArray[Any], Floats]
"""Positions of real images, numbers of the view, and absolute cosines, best first, each of shape (n, up to KEPT)."""

KEPT = 16
"""Candidates in each region of an image."""
SAMPLED = 1024
"""Real images that the usual similarity is measured on."""
LEAST_SPREAD = 0.5
"""Where all real images are equally similar, as to an empty picture, or most are flat, their spread counts as this,
in units of 1 / sqrt(coordinates): independent coordinates in one view spread by 0.73."""
HIGHEST = 0.9999
"""Cosines above count as this."""
GROUPED = 16
"""Columns of a group in `find_largest`."""
QUERIES = 128
"""Images that are compared with a block at once."""
PAIRS_IN_ALL_VIEWS = 20_000_000
"""Most pairs of images that are compared in all views."""


@dataclass(frozen=True)
class Views:
    """Views in which images are compared.

    Attributes:
        whole: Those for whole images.
        part: Those for parts.
    """

    whole: tuple[View, ...]
    part: tuple[View, ...]

    def of(self, extent: Extent) -> tuple[View, ...]:
        """Returns the views of whole images or of parts."""
        return self.whole if extent == "whole" else self.part


ALL_VIEWS = Views(list_views(), list_views((0,), (1.0,)))
FEW_VIEWS = Views(list_views((0,), (1.0,)), (View(),))


def choose_views(pairs: int) -> Views:
    """Returns the views in which that many pairs of images can be compared."""
    return ALL_VIEWS if pairs <= PAIRS_IN_ALL_VIEWS else FEW_VIEWS


@dataclass(frozen=True)
class Candidates:
    """For each image and region, the real images that it may be a copy of there, best first.

    Attributes:
        positions: Positions in the index, shape (n, R, up to KEPT).
        views: Number of the view in which they were most similar, same shape.
        similarities: Fisher's z of the absolute cosine of the whitened coordinates, same shape.
        usual: Median of the similarities to real images, each in its best view, shape (n, R).
        spread: By how much their 84% quantile exceeds it, same shape: a standard deviation of normal values, which a
            few near-duplicates of the image don't change.
    """

    positions: NDArray[np.int64]
    views: NDArray[np.int64]
    similarities: Floats
    usual: Floats
    spread: Floats


def find_candidates(
    index: MemberIndex, pictures: Pictures, numbers: Sequence[int], views: tuple[View, ...]
) -> Candidates:
    """Returns the candidates for images.

    Args:
        index: The real images.
        pictures: The images, up to QUERIES.
        numbers: Numbers of the regions that are compared.
        views: Views in which they are compared.
    """
    moved = list(apply_all(views, pictures))
    found = [find_in_region(index, moved, number) for number in numbers]
    return Candidates(*(np.stack([getattr(one, field.name) for one in found], axis=1) for field in fields(Candidates)))


def find_in_region(index: MemberIndex, moved: Sequence[Floats], number: int) -> Candidates:
    """Returns the candidates of one region, as arrays without the axis of regions.

    Args:
        index: The real images.
        moved: Bands of the images in every view, each of shape (n, BAND_PX, BAND_PX).
        number: Number of the region.
    """
    region, whitening = REGIONS[number], index.whitenings[number]
    queries = [whitening.apply(region.cut(bands)) for bands in moved]
    compare = compare_with_cells if index.cells else compare_with_all
    best, middle = compare(index, queries, number)
    usual, high = np.arctanh(middle.clip(max=HIGHEST))
    similarities = np.arctanh(best[2].clip(max=HIGHEST))
    least = LEAST_SPREAD / np.sqrt(whitening.matrix.shape[1])
    return Candidates(best[0], best[1], similarities, usual, np.maximum(high - usual, least))


def compare_with_all(index: MemberIndex, queries: Sequence[Floats], number: int) -> tuple[Best, Floats]:
    """Returns the most similar real images, and the middle of the similarities to some of them, shape (2, n).

    Args:
        index: The real images.
        queries: Whitened coordinates of the images in every view, each of shape (n, coordinates).
        number: Number of the region.
    """
    rows, step = len(queries[0]), -(-index.count // SAMPLED)
    best: Best = (np.empty((rows, 0), np.int64), np.empty((rows, 0), np.int64), np.empty((rows, 0), np.float32))
    some = []
    for block in iterate_blocks(index.count, BLOCK * 4):
        real = np.asarray(index.coordinates[number][block[0] : block[-1] + 1], np.float32).T.copy()
        similarity, view = compare_block(queries, real)
        some.append(similarity[:, block % step == 0])
        best = keep_best(best, (np.broadcast_to(block, view.shape), view, similarity))
    return best, measure_middle(np.concatenate(some, axis=1))


def compare_with_cells(index: MemberIndex, queries: Sequence[Floats], number: int) -> tuple[Best, Floats]:
    """Returns the same as `compare_with_all`, but only of the images in near cells.

    Args:
        index: The real images.
        queries: Whitened coordinates of the images in every view, each of shape (n, coordinates).
        number: Number of the region.
    """
    some = np.asarray(index.coordinates[number][:: -(-index.count // SAMPLED)], np.float32).T.copy()
    similarity = compare_block(queries, some)[0]
    return index.cells[number].search(queries, KEPT), measure_middle(similarity)


def measure_middle(similarities: Floats) -> Floats:
    """Returns the median similarity of images to some real ones, and the 84% quantile, shape (2, n)."""
    places = [similarities.shape[1] // 2, int(similarities.shape[1] * 0.84)]
    return np.partition(similarities, places, axis=1)[:, places].T


def compare_block(queries: Sequence[Floats], real: Floats) -> tuple[Floats, NDArray[np.int16]]:
    """Returns the absolute cosine of images with real ones in the best view, and that view's number, each (n, m).

    Args:
        queries: Whitened coordinates of the images in every view, each of shape (n, coordinates).
        real: Those of the real images, shape (coordinates, m).
    """
    shape = len(queries[0]), real.shape[1]
    best, way = np.full(shape, -1, np.float32), np.zeros(shape, np.int16)
    for view, query in enumerate(queries):
        similarity = np.abs(query @ real)
        better = similarity > best
        np.copyto(best, similarity, where=better)
        np.copyto(way, view, where=better)
    return best, way


def keep_best(first: Best, second: Best) -> Best:
    """Returns the best of two sets of (positions, views, similarities) for the same images, shape (n, up to KEPT)."""
    chosen = find_largest(second[2], KEPT)
    joined = [
        np.concatenate([one, np.take_along_axis(other, chosen, axis=1)], axis=1)
        for one, other in zip(first, second, strict=True)
    ]
    order = np.argsort(-joined[2], axis=1, kind="stable")[:, :KEPT]
    positions, views, similarities = (np.take_along_axis(values, order, axis=1) for values in joined)
    return positions, views, similarities


def find_largest(values: Floats, number: int) -> NDArray[np.int64]:
    """Returns the columns of the largest values of each row, in any order, shape (n, up to `number`).

    They lie in the groups of columns with the largest maxima, so that few values have to be sorted.

    Args:
        values: Shape (n, m).
        number: Values wanted.
    """
    rows, columns = values.shape
    whole = columns // GROUPED * GROUPED
    if whole <= number * GROUPED:
        return np.argpartition(values, -min(number, columns), axis=1)[:, -number:]
    groups = np.argpartition(values[:, :whole].reshape(rows, -1, GROUPED).max(axis=2), -number, axis=1)[:, -number:]
    inside = (groups[:, :, None] * GROUPED + np.arange(GROUPED)).reshape(rows, -1)
    some = np.concatenate([inside, np.tile(np.arange(whole, columns), (rows, 1))], axis=1)
    largest = np.argpartition(np.take_along_axis(values, some, axis=1), -number, axis=1)[:, -number:]
    return np.take_along_axis(some, largest, axis=1)
