"""The real image, or the part of one, that an image resembles most, looked at closely.

Every candidate is moved to where it was most similar, then shifted by single pixels; whole images are also made a
little smaller and larger. Both are compared only where both lie: what a crop or a margin lacks is no difference. An
image that resembles many real images, because it is smooth or empty, resembles none in particular: so the similarity
counts by how far it exceeds those to the next real images, of other patients.
"""

from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.copies.bands import SIDE_PX, Pictures, halve, make_pictures
from ganoscope.copies.candidate_members import HIGHEST, QUERIES, Candidates, Extent, Views, find_candidates
from ganoscope.copies.compared_regions import REGIONS, Region
from ganoscope.copies.member_index import Load, MemberIndex
from ganoscope.copies.views import View, average_around, sample, shift, turn
from ganoscope.copies.whitening import Whitening

Floats = NDArray[np.float32]

EXTENTS: tuple[Extent, ...] = ("whole", "part")
NUDGES_PX = tuple(product((-1, 0, 1), repeat=2))
"""Shifts of whole images that are tried at the close look, in pixels of an image of SIDE_PX."""
FAR_NUDGES_PX = tuple(product((-2, -1, 0, 1, 2), repeat=2))
"""The same for parts, which are not shifted before."""
FACTORS = (1.0, 0.97, 1.03)
"""Factors of a whole image's size that are tried at the close look."""
RUNNERS_UP = 5
"""Next candidates of other groups, the middle one of which the best is compared with."""
LOOKED_AT = 6
"""Candidates of each image that are looked at closely."""


@dataclass(frozen=True)
class Matches:
    """For each image, the real image that it resembles most.

    Attributes:
        position: Position of the real image in the index, shape (n,).
        score: How far it stands out: Fisher's z of the absolute cosine of the whitened coordinates after the close
            look, less that of the next candidates of other groups, in units of its spread over the real images,
            shape (n,).
        correlation: Correlation of the two bands themselves in that region, shape (n,): below 0 where it resembles the
            inverted image.
        view: Number of the view, shape (n,).
        region: Number of the region, shape (n,): 0 for whole images.
    """

    position: NDArray[np.int64]
    score: NDArray[np.float64]
    correlation: NDArray[np.float64]
    view: NDArray[np.int64]
    region: NDArray[np.int64]


def find_matches(
    index: MemberIndex, load: Load, positions: NDArray[np.int64], views: Views
) -> Iterator[dict[Extent, Matches]]:
    """Yields the matches of images, whole and in part, in blocks of up to QUERIES.

    Args:
        index: The real images.
        load: Loads the images under question.
        positions: Which of them, ascending, shape (n,).
        views: Views in which they are compared.
    """
    for start in range(0, len(positions), QUERIES):
        pictures = make_pictures(load(positions[start : start + QUERIES]))
        yield {extent: match(index, pictures, extent, views.of(extent)) for extent in EXTENTS}


def join_matches(blocks: list[dict[Extent, Matches]], extent: Extent) -> Matches:
    """Returns the matches of all blocks as one."""
    parts = [block[extent] for block in blocks]
    return Matches(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Matches)))


def match(index: MemberIndex, pictures: Pictures, extent: Extent, views: tuple[View, ...]) -> Matches:
    """Returns the matches of some images.

    Args:
        index: The real images.
        pictures: The images, n of them.
        extent: Whether they are compared as a whole or in parts.
        views: Views in which they are compared.
    """
    numbers = [number for number, region in enumerate(REGIONS) if region.whole == (extent == "whole")]
    pairs = choose_pairs(find_candidates(index, pictures, numbers, views), np.array(numbers), index.groups)
    cosines, correlations = look_closely(index, pictures, pairs, views)
    similarities = np.arctanh(np.abs(cosines).clip(max=HIGHEST))
    scores = (similarities - pairs.rivals) / pairs.spread
    best = np.arange(len(scores)), scores.argmax(axis=1)
    return Matches(pairs.positions[best], scores[best], correlations[best], pairs.views[best], pairs.regions[best])


@dataclass(frozen=True)
class Pairs:
    """Images, each with some candidates that are looked at closely; arrays of one shape, (n, k) or (n,).

    Attributes:
        positions: Positions of the candidates in the index.
        views: Number of the view.
        regions: Number of the region.
        rivals: Similarity of the image to the next candidates of other groups in that region.
        spread: Spread of these similarities.
    """

    positions: NDArray[np.int64]
    views: NDArray[np.int64]
    regions: NDArray[np.int64]
    rivals: Floats
    spread: Floats


def choose_pairs(found: Candidates, numbers: NDArray[np.int64], groups: NDArray[np.int64]) -> Pairs:
    """Returns the candidates that stand out most among all regions of their image, as arrays of shape (n, k).

    Args:
        found: Candidates of every region.
        numbers: Number of each region, shape (R,).
        groups: Group of each real image, shape (N,).
    """
    shape = found.positions.shape
    rivals, spread = measure_rivals(found, groups[found.positions]), np.broadcast_to(found.spread[:, :, None], shape)
    regions = np.broadcast_to(numbers[None, :, None], shape)
    flat: list[NDArray[Any]] = [
        values.reshape(shape[0], -1) for values in (found.positions, found.views, regions, rivals, spread)
    ]
    standing = ((found.similarities - rivals) / spread).reshape(shape[0], -1)
    order = np.argsort(-standing, axis=1, kind="stable")[:, :LOOKED_AT]
    return Pairs(*(np.take_along_axis(values, order, axis=1) for values in flat))


def measure_rivals(found: Candidates, groups: NDArray[np.int64]) -> Floats:
    """Returns how similar the next candidates of other groups are, for each candidate, shape (n, R, KEPT).

    It is the similarity of the middle one of up to RUNNERS_UP: one or two that are as similar, such as the other half
    of a blend, don't count. Without any, it is the usual similarity.

    Args:
        found: Candidates of every region.
        groups: Group of each candidate, shape (n, R, KEPT).
    """
    rivals = np.empty(groups.shape, np.float32)
    for column in range(groups.shape[2]):
        other = groups != groups[:, :, column, None]
        rank = other.cumsum(axis=2)
        number = rank[:, :, -1].clip(max=RUNNERS_UP)
        middle = other & (rank == (number[:, :, None] + 1) // 2)
        rivals[:, :, column] = np.where(number > 0, (found.similarities * middle).sum(axis=2), found.usual)
    return rivals


def look_closely(
    index: MemberIndex, pictures: Pictures, pairs: Pairs, views: tuple[View, ...]
) -> tuple[Floats, Floats]:
    """Returns, of each image with each of its candidates in the best position, cosine and correlation, each (n, k).

    Args:
        index: The real images.
        pictures: The images, n of them.
        pairs: Their candidates, all whole images or all parts.
        views: The views that they were found in.
    """
    shape, whole = pairs.positions.shape, REGIONS[int(pairs.regions[0, 0])].whole
    positions, regions = pairs.positions.ravel(), pairs.regions.ravel()
    rows = np.repeat(np.arange(shape[0]), shape[1])
    chosen = np.array([astuple(views[view]) for view in pairs.views.ravel()])
    cosines, correlations = np.zeros(len(rows), np.float32), np.zeros(len(rows), np.float32)
    for factor in FACTORS if whole else FACTORS[:1]:
        moved, covered = move(pictures, rows, chosen * [1, 1, 1, factor])
        for number in np.unique(regions):
            same, region = np.flatnonzero(regions == number), REGIONS[int(number)]
            nudges, some = NUDGES_PX if whole else FAR_NUDGES_PX, moved[same]
            real = region.crop(np.asarray(index.bands[positions[same]], np.float32)) * region.crop(covered[same])
            nudged = np.stack([region.crop(sample(some, *nudge)) * (real != 0) for nudge in nudges], axis=1)
            found = compare(nudged, real, region, index.whitenings[int(number)])
            better = np.abs(found[0]) > np.abs(cosines[same])
            cosines[same[better]], correlations[same[better]] = found[0][better], found[1][better]
    return cosines.reshape(shape), correlations.reshape(shape)


def move(pictures: Pictures, rows: NDArray[np.int64], chosen: NDArray[np.float64]) -> tuple[Floats, Floats]:
    """Returns bands of some images, each in a view of its own, and what they cover.

    Args:
        pictures: The images.
        rows: Which of them, shape (m,).
        chosen: View of each: transform, down, right, reduction, shape (m, 4).

    Returns:
        Bands as from `views.average_around`, and 1 where they cover the frame and 0 elsewhere, (m, BAND_PX, BAND_PX).
    """
    moved = np.empty((len(rows), 2, SIDE_PX, SIDE_PX), np.float32)
    for reduction in np.unique(chosen[:, 3]):
        same = chosen[:, 3] == reduction
        several, place = np.unique(rows[same], return_inverse=True)
        some = pictures.take(several)
        moved[same] = np.stack([some.make_bands(reduction), some.cover(reduction)], axis=1)[place]
    for transform in np.unique(chosen[:, 0]):
        same = chosen[:, 0] == transform
        moved[same] = turn(moved[same], int(transform))
    for down, right in np.unique(chosen[:, 1:3], axis=0):
        same = (chosen[:, 1:3] == (down, right)).all(axis=1)
        moved[same] = shift(moved[same], int(down), int(right))
    return average_around(moved[:, 0]), halve(moved[:, 1])


def compare(nudged: Floats, real: Floats, region: Region, whitening: Whitening) -> tuple[Floats, Floats]:
    """Returns the cosine of the whitened coordinates that is furthest from zero, and that correlation, each (m,).

    Args:
        nudged: Region of images in several positions, shape (m, positions, side, side).
        real: Region of the real image that each is compared with, shape (m, side, side).
        region: The region.
        whitening: Its whitening.
    """
    vectors, other = region.flatten(nudged), region.flatten(real)
    shape = nudged.shape[:2]
    cosines = np.einsum("mpk,mk->mp", whitening.apply(vectors).reshape(*shape, -1), whitening.apply(other))
    best = np.arange(len(real)), np.abs(cosines).argmax(axis=1)
    correlations = np.einsum("mk,mk->m", vectors.reshape(*shape, -1)[best], other)
    return cosines[best], correlations
