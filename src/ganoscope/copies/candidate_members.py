"""Which real images an image may be a copy of: those with the most similar whitened coordinates in any view.

All pairs are compared, in blocks: of whole images in every view, and of every part, at its place and shifted, in all
eight orientations. Time grows with the product of the numbers of images, so large sets are compared in fewer views.
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

KEPT = 16
"""Candidates in each region of an image."""
SAMPLED = 1024
"""Real images of a block that the usual similarity is measured on."""
LEAST_SPREAD = 0.02
"""Where all real images are equally similar, as to an empty picture, their spread counts as this."""
HIGHEST = 0.9999
"""Cosines above count as this."""
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
        spread: By how much their 84 % quantile exceeds it, same shape: a standard deviation of normal values, which a
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
    rows = len(moved[0])
    best: tuple[NDArray[Any], ...] = tuple(np.empty((rows, 0), kind) for kind in (np.int64, np.int64, np.float32))
    middle: list[Floats] = []
    for block in iterate_blocks(index.count, BLOCK * 4):
        real = np.asarray(index.coordinates[number][block[0] : block[-1] + 1], np.float32).T.copy()
        similarity, view = compare_block(queries, real)
        middle.append(measure_middle(similarity))
        best = keep_best(best, (np.broadcast_to(block, view.shape), view, similarity))
    usual, high = np.mean(middle, axis=0)
    return Candidates(best[0], best[1], best[2], usual, np.maximum(high - usual, LEAST_SPREAD))


def measure_middle(similarities: Floats) -> Floats:
    """Returns the median similarity of images to some real ones, and the 84 % quantile, shape (2, n)."""
    some = similarities[:, :: -(-similarities.shape[1] // SAMPLED)]
    places = [some.shape[1] // 2, int(some.shape[1] * 0.84)]
    return np.partition(some, places, axis=1)[:, places].T


def compare_block(queries: Sequence[Floats], real: Floats) -> tuple[Floats, NDArray[np.int16]]:
    """Returns how similar images are to real ones in their best view, (n, m), and the number of that view, (n, m).

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
    return np.arctanh(np.minimum(best, HIGHEST)), way


def keep_best(first: tuple[NDArray[Any], ...], second: tuple[NDArray[Any], ...]) -> tuple[NDArray[Any], ...]:
    """Returns the best of two sets of (positions, views, similarities) for the same images, shape (n, up to KEPT)."""
    chosen = np.argpartition(-second[2], min(KEPT, second[2].shape[1]) - 1, axis=1)[:, :KEPT]
    joined = [
        np.concatenate([one, np.take_along_axis(other, chosen, axis=1)], axis=1)
        for one, other in zip(first, second, strict=True)
    ]
    order = np.argsort(-joined[2], axis=1, kind="stable")[:, :KEPT]
    return tuple(np.take_along_axis(values, order, axis=1) for values in joined)
