"""Converts values without a unit: to Hounsfield units if the user declares them, else to a signal."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.picture import PADDING_HU, Unit, UnreadableError

Values = NDArray[Any]
INT16, UINT16 = np.iinfo(np.int16), np.iinfo(np.uint16)

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
        highest_padding: Highest value below `floor`; minus infinity if there is none.
    """

    low: float
    high: float
    whole: bool
    lowest_measured: float
    highest_padding: float


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
    low, high, whole, lowest_measured, highest_padding = np.inf, -np.inf, True, np.inf, -np.inf
    for block in blocks:
        first, last = float(block.min()), float(block.max())  # NaN where the block holds one
        if not (np.isfinite(first) and np.isfinite(last)):
            raise UnreadableError("it holds values that are no numbers (NaN or infinity)")
        low, high = min(low, first), max(high, last)
        whole = whole and (block.dtype.kind != "f" or bool((block == np.rint(block)).all()))
        if first >= floor:
            lowest_measured = min(lowest_measured, first)
            continue
        padded = block < floor
        highest_padding = max(highest_padding, float(block[padded].max()))
        if last >= floor:
            lowest_measured = min(lowest_measured, float(block[~padded].min()))
    return Extent(low, high, whole, lowest_measured, highest_padding)


def refuse_no_hu(extent: Extent, offset: int) -> None:
    """Refuses values that can't be Hounsfield units: padding aside, CT holds air or fat and nothing below -2048.

    Raises:
        UnreadableError: The values can't be HU.
    """
    lowest, padding = extent.lowest_measured - offset, extent.highest_padding
    if padding > -np.inf and padding > extent.low:
        raise UnreadableError(
            f"values from {extent.low - offset:g} to {padding - offset:g} after the offset are below {PADDING_HU} HU, "
            "and more than the one value that marks padding: not Hounsfield units, or another --hu-offset"
        )
    if lowest == np.inf:
        raise UnreadableError("nothing but padding: no pixel was measured")
    if lowest >= 0:
        raise UnreadableError(
            f"no value below 0 HU after the offset (lowest: {lowest:g}): air and fat are missing, so these are not "
            "Hounsfield units, or --hu-offset is wrong"
        )
    if extent.high - offset > INT16.max:
        raise UnreadableError(f"values up to {extent.high - offset:g} after the offset are beyond {INT16.max} HU")


def convert(values: Values, meaning: Meaning) -> Values:
    """Returns values, same shape, C-contiguous, in the target data type; HU are rounded, padding is `PADDING_HU`."""
    if meaning.unit == "HU":
        fractions = values.dtype.kind == "f"
        wide = values.astype(np.float64 if fractions else np.int32 if values.itemsize < 4 else np.int64)
        hu = wide - meaning.offset
        values = np.maximum(np.rint(hu) if fractions else hu, PADDING_HU)
    return np.ascontiguousarray(values, dtype=meaning.dtype)
