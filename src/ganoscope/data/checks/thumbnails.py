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


def make_thumbnail(pixels: NDArray[np.generic], flat: float = 0.0) -> NDArray[np.float32]:
    """Returns a zero-mean, unit-norm thumbnail, shape (THUMBNAIL_PX**2,); all zeros for a constant picture.

    The picture is stretched to a square: padding would make all padded pictures alike.

    Args:
        pixels: Any shape (H, W).
        flat: Up to this standard deviation of the thumbnail, in units of the pixels, the picture counts as constant.
    """
    image = Image.fromarray(pixels if pixels.dtype == np.uint8 else pixels.astype(np.float32))
    side, factors = (THUMBNAIL_PX, THUMBNAIL_PX), (image.width // THUMBNAIL_PX, image.height // THUMBNAIL_PX)
    whole = image.size == (factors[0] * THUMBNAIL_PX, factors[1] * THUMBNAIL_PX)
    small = image.reduce(factors) if whole else image.resize(side, Image.Resampling.BOX)  # the same, but quicker
    thumbnail = np.asarray(small, np.float32).ravel()
    thumbnail = thumbnail - thumbnail.mean()
    norm = float(np.linalg.norm(thumbnail))
    return thumbnail / np.float32(norm) if norm > max(1e-3, flat * THUMBNAIL_PX) else np.zeros_like(thumbnail)


def make_folded_thumbnail(pixels: NDArray[np.generic], flat: float = 0.0) -> NDArray[np.float16]:
    """Returns a picture's thumbnail, from `make_thumbnail`, in the coordinates of `fold`, shape (THUMBNAIL_PX**2,)."""
    return fold(make_thumbnail(pixels, flat)[None])[0].astype(np.float16)


def normalise(vectors: NDArray[np.float16]) -> NDArray[np.float32]:
    """Returns vectors, shape (n, m), in single precision, divided by their norms; zeros stay."""
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
    halves = (MIRROR @ thumbnails.reshape(-1, THUMBNAIL_PX, THUMBNAIL_PX) @ MIRROR.T).reshape(-1, THUMBNAIL_PX**2)
    return halves[:, FIRST] * WEIGHTS[0] + halves[:, SECOND] * WEIGHTS[1]


def make_mirror() -> NDArray[np.float32]:
    """Returns the orthogonal matrix that adds places and their mirror images, then subtracts them, (32, 32)."""
    ends = np.eye(HALF) * np.sqrt(0.5)
    return np.block([[ends, np.fliplr(ends)], [ends, -np.fliplr(ends)]]).astype(np.float32)


def make_folding() -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Returns the two places of the mirrored square behind each coordinate, (1024,) each, and their weights, (2, 1024).

    Where transposition swaps whole parts, both places are the same, and the second weighs nothing.
    """
    places = np.arange(THUMBNAIL_PX**2).reshape(2, HALF, 2, HALF)
    even_even, even_odd, odd_even, odd_odd = (places[i, :, j] for i in (0, 1) for j in (0, 1))
    squares = (even_even[UPPER], even_even[STRICT], odd_odd[UPPER], odd_odd[STRICT], even_odd, odd_even.T)
    turned = (even_even.T[UPPER], even_even.T[STRICT], odd_odd.T[UPPER], odd_odd.T[STRICT], even_odd, odd_even.T)
    first, second = (np.concatenate([part.ravel() for part in parts]) for parts in (squares, turned))
    sign = np.repeat((1, -1, 1, -1, 0, 0), LENGTHS)
    weight = np.where(sign == 0, 1, np.where(first == second, 0.5, np.sqrt(0.5)))
    return first, second, np.stack([weight, sign * weight]).astype(np.float32)


MIRROR = make_mirror()
FIRST, SECOND, WEIGHTS = make_folding()


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
