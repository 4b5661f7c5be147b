"""Converts values without a unit: to Hounsfield units if the user declares them, else to a signal."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.picture import HIGHEST_HU, PADDING_HU, Picture, Unit, UnreadableError

Values = NDArray[Any]
INT16, UINT16 = np.iinfo(np.int16), np.iinfo(np.uint16)

AIR_HU = -1024
"""Air, at the lowest: every slice of a body holds higher values."""

EIGHT_BIT = "8-bit values hold no Hounsfield units, whatever their offset; leave --hu-offset out"


@dataclass(frozen=True)
class Meaning:
    """Target unit and data type of the values of one picture or volume.

    Attributes:
        unit: `HU` or `signal`.
        dtype: int16 for HU; for a signal the smallest of uint16, int16 and float32 that holds all values.
        offset: Offset subtracted from the values; 0 for a signal.
    """

    unit: Unit
    dtype: str
    offset: int = 0


@dataclass(frozen=True)
class Extent:
    """Range of the values of one picture or volume.

    Attributes:
        low: Lowest value.
        high: Highest value.
        whole: Whether all values are integers.
        lowest_measured: Lowest value that is not below `floor`; infinite if there is none.
    """

    low: float
    high: float
    whole: bool
    lowest_measured: float


def find_meaning(blocks: Iterable[Values], hu_offset: int | None) -> Meaning:
    """Returns target unit and data type of values, which are read block by block.

    Args:
        blocks: All values of one picture or volume, any real data type, shape (H, W) each.
        hu_offset: Declares that values are HU plus this offset; None if they are not.

    Raises:
        UnreadableError: A value is not finite, or the values can't be HU although declared.
    """
    extent = measure(blocks, -np.inf if hu_offset is None else PADDING_HU + hu_offset)
    if hu_offset is not None:
        refuse_no_hu(extent, hu_offset)
        return Meaning("HU", "int16", hu_offset)
    if extent.whole and extent.low >= 0 and extent.high <= UINT16.max:
        return Meaning("signal", "uint16")
    if extent.whole and extent.low >= INT16.min and extent.high <= INT16.max:
        return Meaning("signal", "int16")
    if max(abs(extent.low), abs(extent.high)) > float(np.finfo(np.float32).max):
        raise UnreadableError("it holds values beyond the range of 32-bit floats")
    return Meaning("signal", "float32")


def measure(blocks: Iterable[Values], floor: float) -> Extent:
    """Returns the range of all values, blocks of any shape; values below `floor` can only be padding.

    Raises:
        UnreadableError: A value is not finite.
    """
    low, high, whole, lowest_measured = np.inf, -np.inf, True, np.inf
    for block in blocks:
        first, last = float(block.min()), float(block.max())  # NaN where the block holds one
        if not (np.isfinite(first) and np.isfinite(last)):
            raise UnreadableError("it holds values that are no numbers (NaN or infinity)")
        low, high = min(low, first), max(high, last)
        whole = whole and (block.dtype.kind != "f" or bool((block == np.rint(block)).all()))
        if first >= floor:
            lowest_measured = min(lowest_measured, first)
            continue
        if last >= floor:
            lowest_measured = min(lowest_measured, float(block[block >= floor].min()))
    return Extent(low, high, whole, lowest_measured)


def refuse_no_hu(extent: Extent, offset: int) -> None:
    """Refuses values that can't be Hounsfield units: padding aside, which lies below -2048, CT holds air or fat.

    Raises:
        UnreadableError: The values can't be HU.
    """
    lowest = extent.lowest_measured - offset
    if lowest == np.inf:
        raise UnreadableError("nothing but padding: no pixel was measured")
    if extent.high - offset < AIR_HU:
        raise UnreadableError(
            f"no value above {AIR_HU} HU after the offset (highest: {extent.high - offset:g}): nothing of a body is "
            "there, so --hu-offset is wrong"
        )
    if lowest >= 0:
        raise UnreadableError(
            f"no value below 0 HU after the offset (lowest: {lowest:g}): air and fat are missing, so these are not "
            "Hounsfield units, or --hu-offset is wrong"
        )


def convert(values: Values, meaning: Meaning) -> Values:
    """Returns values, same shape, C-contiguous, in the target data type; HU are rounded and clipped to their range."""
    if meaning.unit == "HU":
        values = np.clip(round_hu(values, meaning), PADDING_HU, HIGHEST_HU)
    return np.ascontiguousarray(values, dtype=meaning.dtype)


def round_hu(values: Values, meaning: Meaning) -> Values:
    """Returns the values as whole HU, same shape, in a data type that holds all of them."""
    fractions = values.dtype.kind == "f"
    hu = values.astype(np.float64 if fractions else np.int32 if values.itemsize < 4 else np.int64) - meaning.offset
    return np.rint(hu) if fractions else hu


def make_picture(values: Values, meaning: Meaning, **known: Any) -> Picture:
    """Returns values, shape (H, W), as a picture, with the number of pixels beyond the range of HU.

    Args:
        values: Values of the file.
        meaning: Their unit and data type.
        known: What else is known about the picture.
    """
    pixels, padded, clipped = convert(values, meaning), 0, 0
    if meaning.unit == "HU" and (pixels.min() == PADDING_HU or pixels.max() == HIGHEST_HU):
        hu = round_hu(values, meaning)
        padded, clipped = int((hu < PADDING_HU).sum()), int((hu > HIGHEST_HU).sum())
    return Picture(pixels, meaning.unit, padded_px=padded, clipped_px=clipped, **known)
