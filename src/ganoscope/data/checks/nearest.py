"""Which image of a set another image resembles most, also when shifted, mirrored, turned, brightened or noisy.

Pictures are compared by their middle frequencies: overall brightness, contrast and slow shading play no part, and
neither does the finest grain, in which noise lies. The search has two steps. Small pictures of all images are compared
in all eight orientations and nine shifts, in blocks; the best few are then compared closely, at every shift of up to
`SHIFT_PX`. Memory does not grow with the set: its small pictures lie in a temporary file.

Source: the band is a difference of Gaussians, Marr and Hildreth 1980, https://doi.org/10.1098/rspb.1980.0020.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, fields
from itertools import product

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from ganoscope.data.checks.thumbnails import THUMBNAIL_PX, correlate, fold

SIDE_PX = 64
"""Side at which images are compared; all lengths in pixels below are at this side."""
FINE_PX, COARSE_PX = 1.0, 3.0
"""Standard deviations of the Gaussians that bound the frequencies used."""
SHIFT_PX = 3
"""Largest shift that is undone, along each axis."""
BORDER_PX = 4
"""Left out at each side beyond the largest shift: what a shift moved into the picture disturbs the filter there."""
EDGE = -(-(SHIFT_PX + BORDER_PX) // (SIDE_PX // THUMBNAIL_PX))
"""The same border, blanked in the small pictures."""
CLOSELY = 8
"""Images of the set that are compared closely with each query image."""
BLOCK, QUERIES = 1024, 16
"""Images of the set, and query images, that are compared at once."""

Load = Callable[[NDArray[np.int64]], NDArray[np.float32]]
"""From positions in the set to its images in network range, shape (n, H, W)."""


@dataclass(frozen=True)
class SearchIndex:
    """A set of images, ready to be searched.

    Attributes:
        load: Loads some of them.
        thumbnails: Small pictures of all in the coordinates of `thumbnails.fold`, shape (N, 1024), memory-mapped.
    """

    load: Load
    thumbnails: NDArray[np.float16]


@dataclass(frozen=True)
class Nearest:
    """For every query image, the image of the set that it resembles most.

    Attributes:
        position: Its position in the set, shape (n,).
        correlation: Correlation with it, -1 to 1, shape (n,); 1 for the same picture, also shifted or brightened.
        transform: How it must be turned to look like the query image, shape (n,): index into `thumbnails.TRANSFORMS`.
    """

    position: NDArray[np.int64]
    correlation: NDArray[np.float64]
    transform: NDArray[np.int64]


def make_search_index(load: Load, count: int) -> SearchIndex:
    """Returns an index of the `count` images that `load` loads, at positions 0 to `count - 1`."""
    with tempfile.TemporaryFile() as file:  # without a name: it is gone with the last array that maps it
        for start in range(0, count, BLOCK):  # written, not mapped: on a full disk, a map ends in a bus error
            small = make_thumbnails(filter_band(load(np.arange(start, min(start + BLOCK, count)))))
            file.write(small.astype(np.float16).tobytes())
        file.flush()
        return SearchIndex(load, np.memmap(file, np.float16, "r", shape=(count, THUMBNAIL_PX**2)))


def find_nearest(index: SearchIndex, images: NDArray[np.float32]) -> Nearest:
    """Returns the nearest image of the set for each of `images`.

    Args:
        index: Index of the set, with at least one image.
        images: Network range, shape (n, H, W).
    """
    parts = [
        search_block(index, filter_band(images[start : start + QUERIES])) for start in range(0, len(images), QUERIES)
    ]
    return Nearest(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Nearest)))


def search_block(index: SearchIndex, bands: NDArray[np.float32]) -> Nearest:
    """Returns the nearest image of the set for a few images, given by their bands, shape (n, SIDE_PX, SIDE_PX)."""
    positions, transforms = find_candidates(index, bands)
    several, place = np.unique(positions, return_inverse=True)
    others = filter_band(index.load(several))[place.reshape(positions.shape)]
    correlations = np.empty(positions.shape)
    for query, band in enumerate(bands):
        turned = [turn(*pair) for pair in zip(others[query], transforms[query].tolist(), strict=True)]
        correlations[query] = align(band, np.stack(turned))
    best = np.arange(len(bands)), correlations.argmax(axis=1)
    return Nearest(positions[best], correlations[best], transforms[best])


def find_candidates(index: SearchIndex, bands: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Returns the positions and transforms, shape (n, up to CLOSELY), of what resembles the images most at small size.

    A step of one small pixel to each side, and both, is tried: two pixels of the pictures that are compared closely.
    """
    steps = product((-2, 0, 2), repeat=2)
    shifted = np.concatenate([make_thumbnails(np.roll(bands, step, axis=(1, 2))) for step in steps]).astype(np.float32)
    score = np.empty((len(bands), 0), np.float32)
    position = transform = np.empty((len(bands), 0), np.int64)
    for start in range(0, len(index.thumbnails), BLOCK):
        block = index.thumbnails[start : start + BLOCK].astype(np.float32)
        values = correlate(shifted, block).reshape(8, -1, len(bands), len(block)).max(axis=1)
        numbers = np.broadcast_to(np.arange(start, start + len(block)), values.shape[1:])
        score = np.concatenate([score, values.max(axis=0)], axis=1)
        position = np.concatenate([position, numbers], axis=1)
        transform = np.concatenate([transform, values.argmax(axis=0)], axis=1)
        best = np.argsort(-score, axis=1, kind="stable")[:, :CLOSELY]
        score, position = np.take_along_axis(score, best, axis=1), np.take_along_axis(position, best, axis=1)
        transform = np.take_along_axis(transform, best, axis=1)
    return position, transform


def filter_band(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns the middle frequencies of images (n, H, W) at the size of comparison, shape (n, SIDE_PX, SIDE_PX)."""
    if images.shape[1:] != (SIDE_PX, SIDE_PX):
        images = np.stack([resize(image) for image in images])
    fine, coarse = (
        gaussian_filter(images, (0, width, width), mode="nearest", output=np.float32) for width in (FINE_PX, COARSE_PX)
    )
    return fine - coarse


def resize(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns an image (H, W) at the size of comparison, averaged where it gets smaller."""
    kind = Image.Resampling.BOX if image.shape[0] > SIDE_PX else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(image).resize((SIDE_PX, SIDE_PX), kind))


def make_thumbnails(bands: NDArray[np.float32]) -> NDArray[np.float16]:
    """Returns small pictures of zero mean and norm 1, folded, shape (n, 1024); zeros for constant images."""
    factor = SIDE_PX // THUMBNAIL_PX
    small = bands.reshape(len(bands), THUMBNAIL_PX, factor, THUMBNAIL_PX, factor).mean(axis=(2, 4))
    flat = np.pad(small[:, EDGE:-EDGE, EDGE:-EDGE], ((0, 0), (EDGE, EDGE), (EDGE, EDGE))).reshape(len(bands), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(flat, axis=1, keepdims=True)
    unit = np.where(norms > 1e-3, flat / np.maximum(norms, 1e-3), 0)
    return fold(unit.astype(np.float32)).astype(np.float16)


def turn(band: NDArray[np.float32], transform: int) -> NDArray[np.float32]:
    """Returns a picture (H, H), mirrored or turned according to a code of `thumbnails.TRANSFORMS`."""
    rows, columns = (slice(None, None, -1 if transform & bit else 1) for bit in (2, 1))
    moved = band[rows, columns]
    return moved.T if transform & 4 else moved


def align(band: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float64]:
    """Returns the largest correlation of a picture's middle with others at any shift of up to SHIFT_PX, shape (n,).

    Args:
        band: From `filter_band`, shape (SIDE_PX, SIDE_PX).
        others: Likewise, shape (n, SIDE_PX, SIDE_PX).
    """
    margin = SHIFT_PX + BORDER_PX
    middle = normalise(band[None, margin:-margin, margin:-margin])[0]
    width, best = len(middle), np.full(len(others), -1.0)
    for top, left in product(range(BORDER_PX, BORDER_PX + 2 * SHIFT_PX + 1), repeat=2):
        windows = normalise(others[:, top : top + width, left : left + width])
        best = np.maximum(best, np.einsum("hw,nhw->n", middle, windows))
    return best


def normalise(windows: NDArray[np.float32]) -> NDArray[np.float64]:
    """Returns pictures, shape (n, H, W), with mean 0 and norm 1; zeros for constant ones."""
    centred = windows - windows.mean(axis=(1, 2), keepdims=True, dtype=np.float64)
    norms = np.sqrt(np.einsum("nhw,nhw->n", centred, centred))[:, None, None]
    return np.where(norms > 1e-3, centred / np.maximum(norms, 1e-3), 0)
