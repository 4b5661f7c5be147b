"""Pictures that no store takes, although their files can be read: each is refused with a reason."""

import numpy as np

from ganoscope.data.geometry.placement import MIN_SIZE
from ganoscope.data.picture import HIGHEST_HU, Picture, UnreadableError
from ganoscope.data.store.intensity import IntensityConfig

MOST_METAL = 0.1
"""Largest share of an image in HU that may lie above the range of HU, where only metal does."""
LARGEST = 1e15
"""Largest absolute value of a signal: squares of larger ones overflow in single precision."""


def refuse_empty(picture: Picture) -> None:
    """Refuses a picture that has a fault, is too small or constant, or holds values that can't be HU.

    Raises:
        UnreadableError: It has a fault, is smaller than `MIN_SIZE`, every pixel has the same value, or more than
            `MOST_METAL` of them lie above the range of HU.
    """
    if picture.fault:
        raise UnreadableError(picture.fault)
    if picture.clipped_px > MOST_METAL * picture.pixels.size:
        share = f"{picture.clipped_px / picture.pixels.size:.0%}"
        raise UnreadableError(f"{share} of the pixels are beyond {HIGHEST_HU} HU, which metal alone can't explain")
    height, width = picture.pixels.shape
    if min(height, width) < MIN_SIZE:
        raise UnreadableError(f"the picture is only {(height, width)} pixels")
    low, high = picture.pixels.min(), picture.pixels.max()
    if low == high:
        raise UnreadableError(f"every pixel has the same value ({low})")


def refuse_fatal(*reasons: str) -> None:
    """Refuses to open files that ended the processes which read them; "" is no reason.

    Raises:
        UnreadableError: There is a reason.
    """
    if any(reasons):
        raise UnreadableError(next(filter(None, reasons)))


def refuse_extreme(picture: Picture) -> None:
    """Refuses values with which nothing can be computed; integers too long for 32 bits come here as floats.

    Raises:
        UnreadableError: A value is not finite, or beyond `LARGEST`.
    """
    if picture.pixels.dtype.kind != "f":
        return
    largest = max(abs(float(picture.pixels.min())), abs(float(picture.pixels.max())))
    if not largest <= LARGEST:
        raise UnreadableError(
            f"values up to {largest:.2g}: at most {LARGEST:g} is taken, since no measurement is as large; "
            "numbers like it are mostly codes for missing values, or ids"
        )


def refuse_unscalable(picture: Picture, config: IntensityConfig) -> None:
    """Refuses values that do not fit into 16 bits, where no scaling is allowed.

    Raises:
        UnreadableError: The values would have to be scaled, but `scale` is `none`.
    """
    if config.scale == "none" and picture.unit == "signal" and picture.pixels.dtype != np.uint16:
        raise UnreadableError(f"values of type {picture.pixels.dtype} can't be stored with --scale none")
