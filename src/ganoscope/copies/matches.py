"""The real image, or the part of one, that an image resembles most, looked at closely.

Every candidate is moved to where it was most similar, then shifted by single pixels; whole images are also made a
little smaller and larger. An image that resembles many real images, because it is smooth or empty, resembles none in
particular: so the similarity counts by how far it exceeds those to the next real images, of other patients.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.copies.bands import halve, make_bands
from ganoscope.copies.candidate_members import HIGHEST, QUERIES, Candidates, Extent, Views, find_candidates
from ganoscope.copies.compared_regions import REGIONS
from ganoscope.copies.member_index import Load, MemberIndex
from ganoscope.copies.views import View, shift

Floats = NDArray[np.float32]

EXTENTS: tuple[Extent, ...] = ("whole", "part")
NUDGES_PX = tuple(product((-1, 0, 1), repeat=2))
"""Shifts of whole images that are tried at the close look, in pixels of an image of SIDE_PX."""
FAR_NUDGES_PX = tuple(product((-2, -1, 0, 1, 2), repeat=2))
"""The same for parts, which are not shifted before."""
FACTORS = (1.0, 0.97, 1.03)
"""Factors of a whole image's size that are tried at the close look."""
RUNNERS_UP = 5
"""Next candidates of other groups that the best is compared with."""
LOOKED_AT = 6
"""Candidates of each image that are looked at closely."""


@dataclass(frozen=True)
class Matches:
    """For each image, the real image that it resembles most.

    Attributes:
        position: Position of the real image in the index, shape (n,).
        score: How far it stands out: Fisher's z of the absolute cosine of the whitened coordinates after the close
            look, less its mean over the next candidates of other groups, in units of its spread over the real images,
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
        bands = make_bands(load(positions[start : start + QUERIES]))
        yield {extent: match(index, bands, extent, views.of(extent)) for extent in EXTENTS}


def join_matches(blocks: list[dict[Extent, Matches]], extent: Extent) -> Matches:
    """Returns the matches of all blocks as one."""
    parts = [block[extent] for block in blocks]
    return Matches(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Matches)))


def match(index: MemberIndex, bands: Floats, extent: Extent, views: tuple[View, ...]) -> Matches:
    """Returns the matches of some images.

    Args:
        index: The real images.
        bands: Bands of the images, shape (n, SIDE_PX, SIDE_PX).
        extent: Whether they are compared as a whole or in parts.
        views: Views in which they are compared.
    """
    numbers = [number for number, region in enumerate(REGIONS) if region.whole == (extent == "whole")]
    pairs = choose_pairs(find_candidates(index, bands, numbers, views), np.array(numbers), index.groups)
    looked = [look_closely(index, bands, pairs.take(column), views) for column in range(pairs.positions.shape[1])]
    cosines, correlations = (np.stack(values, axis=1) for values in zip(*looked, strict=True))
    similarities = np.arctanh(np.abs(cosines).clip(max=HIGHEST))
    scores = (similarities - pairs.rivals) / pairs.spread
    best = np.arange(len(bands)), scores.argmax(axis=1)
    return Matches(pairs.positions[best], scores[best], correlations[best], pairs.views[best], pairs.regions[best])


@dataclass(frozen=True)
class Pairs:
    """Images, each with some candidates that are looked at closely; arrays of one shape, (n, k) or (n,).

    Attributes:
        positions: Positions of the candidates in the index.
        views: Number of the view.
        regions: Number of the region.
        rivals: Mean similarity of the image to the next candidates of other groups in that region.
        spread: Spread of these similarities.
    """

    positions: NDArray[np.int64]
    views: NDArray[np.int64]
    regions: NDArray[np.int64]
    rivals: Floats
    spread: Floats

    def take(self, column: int) -> "Pairs":
        """Returns one candidate of each image, as arrays of shape (n,)."""
        return Pairs(*(getattr(self, field.name)[:, column] for field in fields(self)))


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
    """Returns the mean similarity of the next candidates of other groups, for each candidate, shape (n, R, KEPT).

    Up to RUNNERS_UP of them count. Without any, it is the usual similarity.

    Args:
        found: Candidates of every region.
        groups: Group of each candidate, shape (n, R, KEPT).
    """
    rivals = np.empty(groups.shape, np.float32)
    for column in range(groups.shape[2]):
        other = groups != groups[:, :, column, None]
        other &= other.cumsum(axis=2) <= RUNNERS_UP
        number = other.sum(axis=2)
        mean = (found.similarities * other).sum(axis=2) / np.maximum(number, 1)
        rivals[:, :, column] = np.where(number > 0, mean, found.usual)
    return rivals


def look_closely(
    index: MemberIndex, bands: Floats, pairs: Pairs, views: tuple[View, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns, of each image with one candidate in its best position, cosine and correlation, each of shape (n,).

    Args:
        index: The real images.
        bands: Bands of the images, shape (n, SIDE_PX, SIDE_PX).
        pairs: One candidate for each, all whole images or all parts.
        views: The views that they were found in.
    """
    real = np.asarray(index.bands[pairs.positions], np.float32)
    whole = REGIONS[int(pairs.regions[0])].whole
    best, correlation = np.zeros(len(bands)), np.zeros(len(bands))
    for factor in FACTORS if whole else FACTORS[:1]:
        chosen = (replace(views[view], reduction=views[view].reduction * factor) for view in pairs.views)
        moved = [view.apply(band) for band, view in zip(bands, chosen, strict=True)]
        for nudge in NUDGES_PX if whole else FAR_NUDGES_PX:
            nudged = halve(np.stack([shift(band, *nudge) for band in moved]))
            cosines, correlations = compare(index, nudged, real, pairs.regions)
            better = np.abs(cosines) > np.abs(best)
            best, correlation = np.where(better, cosines, best), np.where(better, correlations, correlation)
    return best, correlation


def compare(
    index: MemberIndex, bands: Floats, real: Floats, regions: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns cosines of the whitened coordinates, and correlations, of pairs of bands, each of shape (n,).

    Args:
        index: The real images, whose whitening is used.
        bands: First of each pair, shape (n, BAND_PX, BAND_PX).
        real: Second of each pair, same shape.
        regions: Number of the region in which they are compared, shape (n,).
    """
    cosines, correlations = np.empty(len(bands)), np.empty(len(bands))
    for number in np.unique(regions):
        rows = np.flatnonzero(regions == number)
        region, whitening = REGIONS[int(number)], index.whitenings[int(number)]
        one, other = (region.cut(pictures[rows]) for pictures in (bands, real))
        correlations[rows] = np.einsum("nk,nk->n", one, other)
        cosines[rows] = np.einsum("nk,nk->n", whitening.apply(one), whitening.apply(other))
    return cosines, correlations
