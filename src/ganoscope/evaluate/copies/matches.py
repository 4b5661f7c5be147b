"""The real image, or the part of one, that an image resembles most, looked at closely.

Every candidate is moved to where it was most similar, then shifted by single pixels; whole images are also made a little
smaller and larger. An image that resembles all real images, because it is smooth or empty, resembles none in particular:
so the similarity counts by how far it stands out among the similarities to all of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ganoscope.evaluate.copies.bands import make_bands
from ganoscope.evaluate.copies.candidates import HIGHEST, QUERIES, Candidates, Extent, Views, find_candidates
from ganoscope.evaluate.copies.member_index import Load, MemberIndex
from ganoscope.evaluate.copies.regions import REGIONS
from ganoscope.evaluate.copies.views import View

Floats = NDArray[np.float32]

EXTENTS: tuple[Extent, ...] = ("whole", "part")
NUDGES_PX = tuple(product((-1, 0, 1), repeat=2))
"""Shifts that are tried at the close look."""
FACTORS = (1.0, 0.95, 1.05)
"""Factors of a whole image's size that are tried at the close look."""
LOOKED_AT = 6
"""Candidates of each image that are looked at closely."""


@dataclass(frozen=True)
class Matches:
    """For each image, the real image that it resembles most.

    Attributes:
        position: Position of the real image in the index, shape (n,).
        score: How far it stands out among all real images: Fisher's z of the absolute cosine of the whitened
            coordinates after the close look, less its median over real images, in units of their spread, shape (n,).
        cosine: The cosine, shape (n,): below 0 where it resembles the inverted image.
        view: Number of the view, shape (n,).
        region: Number of the region, shape (n,): 0 for whole images.
    """

    position: NDArray[np.int64]
    score: NDArray[np.float64]
    cosine: NDArray[np.float64]
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
    """Returns the matches of some images, given by their bands, shape (n, BAND_PX, BAND_PX)."""
    numbers = [number for number, region in enumerate(REGIONS) if region.whole == (extent == "whole")]
    pairs = choose_pairs(find_candidates(index, bands, numbers, views), np.array(numbers))
    cosines, scores = np.empty(pairs.positions.shape), np.empty(pairs.positions.shape)
    for column in range(cosines.shape[1]):
        cosines[:, column] = look_closely(index, bands, pairs.take(column), views)
    similarities = np.arctanh(np.abs(cosines).clip(max=HIGHEST))
    scores = (similarities - pairs.usual) / pairs.spread
    best = np.arange(len(bands)), scores.argmax(axis=1)
    return Matches(pairs.positions[best], scores[best], cosines[best], pairs.views[best], pairs.regions[best])


@dataclass(frozen=True)
class Pairs:
    """Images, each with some candidates that are looked at closely; arrays of one shape, (n, k) or (n,).

    Attributes:
        positions: Positions of the candidates in the index.
        views: Number of the view.
        regions: Number of the region.
        usual: Median similarity of the image to real images in that region.
        spread: Spread of these similarities.
    """

    positions: NDArray[np.int64]
    views: NDArray[np.int64]
    regions: NDArray[np.int64]
    usual: Floats
    spread: Floats

    def take(self, column: int) -> "Pairs":
        """Returns one candidate of each image, as arrays of shape (n,)."""
        return Pairs(*(getattr(self, field.name)[:, column] for field in fields(self)))


def choose_pairs(found: Candidates, numbers: NDArray[np.int64]) -> Pairs:
    """Returns the candidates that stand out most among all regions of their image, as arrays of shape (n, k).

    Args:
        found: Candidates of every region.
        numbers: Number of each region, shape (R,).
    """
    shape = found.positions.shape
    usual, spread = (np.broadcast_to(values[:, :, None], shape) for values in (found.usual, found.spread))
    regions = np.broadcast_to(numbers[None, :, None], shape)
    flat = [values.reshape(shape[0], -1) for values in (found.positions, found.views, regions, usual, spread)]
    standing = ((found.similarities - usual) / spread).reshape(shape[0], -1)
    order = np.argsort(-standing, axis=1, kind="stable")[:, :LOOKED_AT]
    return Pairs(*(np.take_along_axis(values, order, axis=1) for values in flat))


def look_closely(index: MemberIndex, bands: Floats, pairs: Pairs, views: tuple[View, ...]) -> NDArray[np.float64]:
    """Returns the cosine of each image with one candidate in its best position, shape (n,); below 0 if inverted."""
    real = np.asarray(index.bands[pairs.positions], np.float32)
    whole = REGIONS[int(pairs.regions[0])].whole
    best = np.zeros(len(bands))
    for factor in FACTORS if whole else FACTORS[:1]:
        chosen = (replace(views[view], reduction=views[view].reduction * factor) for view in pairs.views)
        moved = np.stack([view.apply(band[None])[0] for band, view in zip(bands, chosen, strict=True)])
        for nudge in NUDGES_PX:
            cosines = compare(index, np.roll(moved, nudge, (1, 2)), real, pairs.regions)
            best = np.where(np.abs(cosines) > np.abs(best), cosines, best)
    return best


def compare(index: MemberIndex, bands: Floats, real: Floats, regions: NDArray[np.int64]) -> NDArray[np.float64]:
    """Returns the cosines of the whitened coordinates of pairs of bands (n, BAND_PX, BAND_PX), shape (n,)."""
    cosines = np.empty(len(bands))
    for number in np.unique(regions):
        rows = np.flatnonzero(regions == number)
        region, whitening = REGIONS[int(number)], index.whitenings[int(number)]
        one, other = (whitening.apply(region.cut(pictures[rows])) for pictures in (bands, real))
        cosines[rows] = np.einsum("nk,nk->n", one, other)
    return cosines
