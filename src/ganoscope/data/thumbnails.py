"""Thumbnails in which pictures are compared, whichever way they are mirrored or turned.

A thumbnail is kept folded: in coordinates in which each of the eight symmetries of the square only changes signs, or
swaps two parts. Correlations under all eight then cost little more than one.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image

THUMBNAIL_PX = 32
TRANSFORMS = (
    "same",
    "mirrored left to right",
    "mirrored upside down",
    "turned by 180 degrees",
    "mirrored along the diagonal",
    "turned left by 90 degrees",
    "turned right by 90 degrees",
    "mirrored along the other diagonal",
)
"""How the second picture of a pair must be turned to look like the first. The index is 4 x transposed (at last) + 2 x
rows reversed + columns reversed."""

HALF = THUMBNAIL_PX // 2
UPPER, STRICT = np.triu_indices(HALF), np.triu_indices(HALF, 1)
LENGTHS = (len(UPPER[0]), len(STRICT[0]), len(UPPER[0]), len(STRICT[0]), HALF**2, HALF**2)
EDGES = np.cumsum((0, *LENGTHS))
BLOCKS = tuple(slice(int(start), int(end)) for start, end in pairwise(EDGES))
"""Parts of a folded thumbnail. Each symmetry of the square changes signs of whole parts, and may swap the last two."""


def make_thumbnail(pixels: NDArray[np.generic]) -> NDArray[np.float32]:
    """Returns a zero-mean, unit-norm thumbnail, shape (THUMBNAIL_PX**2,); all zeros for a constant picture.

    The picture, of any shape, is stretched to a square: padding would make all padded pictures alike.
    """
    image = Image.fromarray(pixels if pixels.dtype == np.uint8 else pixels.astype(np.float32))
    side, factors = (THUMBNAIL_PX, THUMBNAIL_PX), (image.width // THUMBNAIL_PX, image.height // THUMBNAIL_PX)
    whole = image.size == (factors[0] * THUMBNAIL_PX, factors[1] * THUMBNAIL_PX)
    small = image.reduce(factors) if whole else image.resize(side, Image.Resampling.BOX)  # the same, but quicker
    thumbnail = np.asarray(small, np.float32).ravel()
    thumbnail = thumbnail - thumbnail.mean()
    norm = float(np.linalg.norm(thumbnail))
    return thumbnail / np.float32(norm) if norm > 1e-3 else np.zeros_like(thumbnail)


def make_folded_thumbnail(pixels: NDArray[np.generic]) -> NDArray[np.float16]:
    """Returns a picture's thumbnail in the coordinates of `fold`, shape (THUMBNAIL_PX**2,)."""
    return fold(make_thumbnail(pixels)[None])[0].astype(np.float16)


def normalise(vectors: NDArray[np.float16]) -> NDArray[np.float32]:
    """Returns vectors (n, m) in single precision, divided by their norms; zeros stay."""
    values = vectors.astype(np.float32)
    norms = np.sqrt(np.einsum("nm,nm->n", values, values))
    values /= np.where(norms > 0, norms, 1)[:, None]
    return values


def fold(thumbnails: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns thumbnails (n, 1024) in coordinates in which the symmetries of the square are simple, same shape.

    The map is orthogonal: sums and differences of each pixel and its mirror images, in the order of `BLOCKS`: even in
    rows and columns (part symmetric under transposition, then antisymmetric), odd in both (likewise), even in rows
    only, odd in rows only (transposed).
    """
    square = thumbnails.reshape(-1, THUMBNAIL_PX, THUMBNAIL_PX)
    (even_even, even_odd), (odd_even, odd_odd) = (halve(part, 2) for part in halve(square, 1))
    parts = (*split_transposed(even_even), *split_transposed(odd_odd), even_odd, odd_even.transpose(0, 2, 1))
    return np.concatenate([part.reshape(-1, length) for part, length in zip(parts, LENGTHS, strict=True)], axis=1)


def halve(pixels: NDArray[np.float32], axis: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Returns the even and the odd part under reversal of an axis, each half as long, at unchanged norm."""
    first, second = np.split(pixels, 2, axis)
    second = np.flip(second, axis)
    root = np.float32(np.sqrt(0.5))
    return (first + second) * root, (first - second) * root


def split_transposed(square: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Returns the symmetric (with diagonal) and the antisymmetric part of matrices, each once, at unchanged norm."""
    mirrored = square.transpose(0, 2, 1)
    weights = np.where(UPPER[0] == UPPER[1], 0.5, np.sqrt(0.5)).astype(np.float32)
    root = np.float32(np.sqrt(0.5))
    return (square + mirrored)[:, *UPPER] * weights, (square - mirrored)[:, *STRICT] * root


def correlate(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns the correlations with each of the eight transforms of `second`, shape (8, m, n).

    Args:
        first: From `fold`, of norm 1, shape (m, 1024).
        second: The same, shape (n, 1024).
    """
    pairs = [*((block, block) for block in BLOCKS), BLOCKS[4:], BLOCKS[:3:-1]]
    dots = np.stack([first[:, one] @ second[:, other].T for one, other in pairs])
    return (SIGNS @ dots.reshape(len(pairs), -1)).reshape(dots.shape)


def make_signs() -> NDArray[np.float32]:
    """Returns how each transform combines the products of the parts (six with themselves, two crosswise), (8, 8)."""
    signs = np.zeros((len(TRANSFORMS), 8), np.float32)
    for code in range(len(TRANSFORMS)):
        transposed, rows, columns = (-1 if code & bit else 1 for bit in (4, 2, 1))
        signs[code, :4] = 1, transposed, rows * columns, rows * columns * transposed
        signs[code, 4 if transposed > 0 else 6 :][:2] = (columns, rows) if transposed > 0 else (rows, columns)
    return signs


SIGNS = make_signs()
