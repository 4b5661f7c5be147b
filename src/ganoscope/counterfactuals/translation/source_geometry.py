"""Brings the change of a translation back to the source's own geometry and values.

The networks see a small square; the file may have many more pixels and a wider range. The counterfactual that is
written is therefore the source plus the change, enlarged to the source's grid: what the networks did not change stays
as it was, including fine detail and values outside their window.
"""

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganoscope.counterfactuals.cases.case import Case
from ganoscope.data.geometry.placement import AIR_HU, GeometryConfig, Placement, Rectangle, place, resize
from ganoscope.data.picture import PADDING_HU
from ganoscope.data.store.intensity import scale_to_16_bits

ROUNDS = 3
"""Corrections of the enlarged change, so that scaling it down gives the same change again."""


def add_change(case: Case, change: NDArray[np.floating], geometry: GeometryConfig) -> NDArray[Any]:
    """Returns the source plus a change, in its own geometry, unit and type; unmeasured pixels stay marked.

    Args:
        case: The image.
        change: Stored units, shape (S, S).
        geometry: How the source was brought to the square.

    Returns:
        Shape (H, W) of the source.
    """
    pixels: NDArray[Any] = case.source.pixels
    low, high = case.raw_range or (0.0, 65535.0)
    area = geometry.resampling == "area" or (geometry.resampling == "auto" and case.source.unit == "HU")
    shape = (pixels.shape[0], pixels.shape[1])
    moved = pixels + enlarge(change, case.placement, shape, area).astype(np.float64) * ((high - low) / 65535)
    if pixels.dtype.kind in "iu":
        limits = np.iinfo(pixels.dtype)
        moved = np.rint(moved).clip(limits.min, limits.max)
    if case.source.unit == "HU":
        moved = np.maximum(moved, np.minimum(pixels, AIR_HU))
        moved = np.where(pixels == PADDING_HU, pixels, moved)
    return moved.astype(pixels.dtype)


def enlarge(
    change: NDArray[np.floating], placement: Placement, shape: tuple[int, int], area: bool
) -> NDArray[np.float32]:
    """Returns a change at the source's size; 0 where the square shows nothing of the source.

    The change is interpolated, scaled down as the source was, and corrected by the difference, three times: iterative
    back-projection. Interpolation alone would lose half of the finest detail on the way back.

    Source: Irani, Peleg 1991, sect. 3, https://doi.org/10.1016/1049-9652(91)90045-L

    Args:
        change: Any unit, shape (S, S).
        placement: Where the source lies in the square.
        shape: Height and width of the source.
        area: Whether the source was scaled down by area averaging.
    """
    filled = placement.filled
    top, left, height, width = (int(side) for side in (filled.top, filled.left, filled.height, filled.width))
    wanted = change[top : top + height, left : left + width].astype(np.float32)
    large = interpolate(wanted, placement.taken, shape)
    for _ in range(ROUNDS):
        small = np.asarray(resize(large, placement.taken, (height, width), area), np.float32)
        large += interpolate(wanted - small, placement.taken, shape)
    return large


def interpolate(part: NDArray[np.float32], taken: Rectangle, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Returns values interpolated over a rectangle of a picture, 0 outside: bicubic, antialiased where it shrinks.

    Args:
        part: Values, shape (h, w).
        taken: The rectangle.
        shape: Height and width of the picture.

    Returns:
        Shape `shape`.
    """
    ends = (taken.top, taken.top + taken.height, taken.left, taken.left + taken.width)
    top, left = math.floor(ends[0] + 0.5), math.floor(ends[2] + 0.5)  # pixels count where their centre lies inside
    bottom, right = math.floor(ends[1] + 0.5), math.floor(ends[3] + 0.5)
    rows, columns = part.shape[0] / taken.height, part.shape[1] / taken.width
    margin = math.ceil(max(rows, columns))
    padded = Image.fromarray(np.pad(part, margin, mode="edge"))
    box = (
        (left - taken.left) * columns + margin,
        (top - taken.top) * rows + margin,
        (right - taken.left) * columns + margin,
        (bottom - taken.top) * rows + margin,
    )
    spread = np.zeros(shape, np.float32)
    spread[top:bottom, left:right] = np.asarray(
        padded.resize((right - left, bottom - top), Image.Resampling.BICUBIC, box)
    )
    return spread


def read_back(case: Case, pixels: NDArray[np.generic], geometry: GeometryConfig) -> NDArray[np.generic]:
    """Returns the source with other pixels as `prepare` would store it, on the case's own scale, shape (S, S).

    Args:
        case: The image.
        pixels: Pixels in the source's geometry, unit and type, shape (H, W).
        geometry: How the source was brought to the square.
    """
    small = place(replace(case.source, pixels=pixels), case.placement, geometry)
    return small if case.raw_range is None else scale_to_16_bits(small, case.raw_range)
