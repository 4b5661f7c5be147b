"""Converts stored values to Hounsfield units, a signal, or grey values as presented to a reader."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from ganoscope.data.dicom.attributes import find_group, get_numbers, get_text
from ganoscope.data.dicom.pixel_format import PixelFormat
from ganoscope.data.picture import HIGHEST_HU, PADDING_HU, UnreadableError

Values = NDArray[Any]
Mapping = Callable[[Values], Values]

LARGEST_TABLE = 1 << 17
"""Largest range of stored values that is mapped through a look-up table: exact in float64, and fast."""

COLOUR_TOLERANCE = 8
"""Largest difference between the channels of a grey picture in 8 bits; JPEG rounding stays below it."""

ONLY_PADDING = "nothing but padding: no pixel was measured"


@dataclass(frozen=True)
class Table:
    """A modality or VOI LUT: maps stored value `first` to `values[0]`; values beyond the ends map to the end values.

    Source: DICOM PS3.3, C.11.1.1 and C.11.2.1.1.
    """

    first: int
    bits: int
    values: Values

    def __call__(self, stored: Values) -> Values:
        """Returns the mapped values, same shape, float64."""
        index = np.clip(np.rint(stored) - self.first, 0, len(self.values) - 1).astype(np.int64)
        return self.values[index].astype(np.float64)


def map_values(stored: Values, mapping: Mapping) -> Values:
    """Returns `mapping(stored)`, same shape, computed once per possible value instead of once per pixel.

    If the results are integers that differ from the stored values by a constant, as in most CT, the constant is added;
    the sum wraps around in the data type of the results, which holds all of them, so it is exact.
    """
    if stored.dtype.kind == "f":
        return mapping(stored)
    low, high = int(stored.min()), int(stored.max())
    if high - low >= LARGEST_TABLE:
        return mapping(stored.astype(np.float64))
    table = mapping(np.arange(low, high + 1))
    if table.dtype.kind == "i" and (np.diff(table) == 1).all():
        return stored.astype(table.dtype) + np.array(int(table[0]) - low).astype(table.dtype)
    return table.take(np.subtract(stored, low, dtype=np.int32), mode="clip")


def find_padding(dataset: Dataset, found: PixelFormat) -> Callable[[Values], NDArray[np.bool_]]:
    """Returns a function that marks unmeasured stored values, same shape (PixelPaddingValue, -RangeLimit)."""
    value = get_numbers(dataset, "PixelPaddingValue", 1)
    limit = get_numbers(dataset, "PixelPaddingRangeLimit", 1) or value
    if not value:
        return lambda stored: np.zeros(stored.shape, bool)
    bits = found.bits[0]
    ends = sorted(correct_sign(number, bits, found.signed) for number in (value[0], limit[0]))
    return lambda stored: (stored >= ends[0]) & (stored <= ends[1])


def correct_sign(number: float, bits: int, signed: bool) -> float:
    """Returns a padding value as stored in the pixels: many writers state -2000 as 63536, or the reverse.

    Args:
        number: Stated padding value.
        bits: Bits allocated.
        signed: Whether pixels are signed.

    Example:
        >>> correct_sign(63536, 16, signed=True)
        -2000
    """
    if signed and number >= 1 << (bits - 1):
        return number - (1 << bits)
    return number + (1 << bits) if not signed and number < 0 else number


def read_rescale(dataset: Dataset, frame: int) -> tuple[float, float] | None:
    """Returns slope and intercept of a frame; None if the file has none.

    Raises:
        UnreadableError: They are not numbers, or the slope is 0.
    """
    group = find_group(dataset, frame, "PixelValueTransformationSequence")
    if "RescaleSlope" not in group and "RescaleIntercept" not in group:
        return None
    slope, intercept = get_numbers(group, "RescaleSlope", 1), get_numbers(group, "RescaleIntercept", 1)
    if not slope or not intercept or slope[0] == 0:
        raise UnreadableError("damaged header: rescale slope or intercept is missing, zero or no number")
    return slope[0], intercept[0]


def read_table(dataset: Dataset, keyword: str) -> Table | None:
    """Returns the first look-up table in a sequence; None if there is none.

    Raises:
        UnreadableError: The table is damaged.
    """
    try:
        sequence = dataset.get(keyword)
        if not sequence:
            return None
        item = sequence[0]
        count, first, bits = (int(v) for v in item.LUTDescriptor)
        data = item["LUTData"].value
        count = count & 0xFFFF or 1 << 16
        if isinstance(data, bytes):
            little = dataset.original_encoding[1] is not False
            data = np.frombuffer(data, np.uint8 if len(data) <= count + 1 else "<u2" if little else ">u2")
        values = np.asarray(data).astype(np.int64)[:count]
    except Exception:  # damaged tables raise anything
        raise UnreadableError("damaged header: a look-up table can't be read") from None
    if len(values) < count or not 1 <= bits <= 16 or values.min() < 0 or values.max() >= 1 << 16:
        raise UnreadableError("damaged header: a look-up table is not as it describes itself")
    return Table(first, bits, values)


def to_hu(stored: Values, dataset: Dataset, found: PixelFormat, frame: int) -> NDArray[np.int16]:
    """Returns Hounsfield units, shape (H, W), rounded; `PADDING_HU` for unmeasured pixels.

    Declared padding becomes `PADDING_HU`, as do lower values, which some scanners store outside the field of view
    without declaring them: no attenuation is that low. Values above `HIGHEST_HU`, in metal, are clipped to it.

    Args:
        stored: Stored values, shape (H, W).
        dataset: Data set.
        found: Pixel format.
        frame: Index of the frame, from 0.

    Raises:
        UnreadableError: The file does not tell how to compute HU, or the result can't be HU.
    """
    rescale = read_rescale(dataset, frame)
    if rescale is None:
        raise UnreadableError("a CT without RescaleSlope and RescaleIntercept: Hounsfield units can't be computed")
    kind = get_text(find_group(dataset, frame, "PixelValueTransformationSequence"), "RescaleType").upper()
    if kind not in ("", "HU", "US"):  # US: unspecified
        raise UnreadableError("a CT whose rescaled values are not Hounsfield units, by its RescaleType")
    (slope, intercept), padded = rescale, find_padding(dataset, found)

    def rescale_table(values: Values) -> Values:
        hu = np.maximum(np.rint(values * slope + intercept), PADDING_HU)
        hu[padded(values)] = PADDING_HU
        return np.minimum(hu, HIGHEST_HU).astype(np.int16)

    hu = map_values(stored, rescale_table)
    refuse_no_hu(hu)
    return hu


def count_beyond(stored: Values, dataset: Dataset, found: PixelFormat, frame: int) -> tuple[int, int]:
    """Returns how many pixels, declared padding aside, lie below `PADDING_HU`, and how many above `HIGHEST_HU`.

    Args:
        stored: Stored values, shape (H, W).
        dataset: Data set.
        found: Pixel format.
        frame: Index of the frame, from 0.
    """
    slope, intercept = read_rescale(dataset, frame) or (1.0, 0.0)
    ends = sorted(np.rint(float(end) * slope + intercept) for end in (stored.min(), stored.max()))
    if ends[0] >= PADDING_HU and ends[1] <= HIGHEST_HU:
        return 0, 0
    hu = np.rint(stored * slope + intercept)
    measured = ~find_padding(dataset, found)(stored)
    return int(((hu < PADDING_HU) & measured).sum()), int(((hu > HIGHEST_HU) & measured).sum())


def refuse_no_hu(hu: NDArray[np.int16]) -> None:
    """Refuses a slice, shape (H, W), without negative HU: without air and fat, the values are not HU.

    Raises:
        UnreadableError: The slice holds only padding, or no value below 0.
    """
    low = int(hu.min())
    if low == PADDING_HU:
        if int(hu.max()) == PADDING_HU:
            raise UnreadableError(ONLY_PADDING)
        low = int(hu.min(where=hu > PADDING_HU, initial=np.iinfo(np.int16).max))
    if low >= 0:
        raise UnreadableError(
            f"a CT without any value below 0 HU (lowest: {low}): air and fat are missing, so RescaleIntercept is wrong"
        )


def to_signal(stored: Values, dataset: Dataset, found: PixelFormat, frame: int) -> Values:
    """Returns rescaled values, shape (H, W), in the smallest data type that holds them; padding gets the lowest value.

    Args:
        stored: Stored values, shape (H, W).
        dataset: Data set.
        found: Pixel format.
        frame: Index of the frame, from 0.

    Raises:
        UnreadableError: A value is not finite, or all pixels are padding.
    """
    if not np.isfinite(stored).all():
        raise UnreadableError("it holds values that are no numbers (NaN or infinity)")
    rescale = make_modality(dataset, frame)
    return fill_padding(shrink(map_values(stored, rescale)), stored, dataset, found)


def make_modality(dataset: Dataset, frame: int) -> Mapping:
    """Returns the modality transformation: a look-up table, slope and intercept, or the identity."""
    table = read_table(dataset, "ModalityLUTSequence")
    if table:
        return table
    slope, intercept = read_rescale(dataset, frame) or (1.0, 0.0)
    if (slope, intercept) == (1.0, 0.0):
        return lambda values: values
    return lambda values: values * slope + intercept


def shrink(values: Values) -> Values:
    """Returns the same values, same shape, as uint16 or int16 if possible, else as float32."""
    low, high = values.min(), values.max()
    whole = values.dtype.kind != "f" or bool((values == np.rint(values)).all())
    if whole and low >= 0 and high <= 65535:
        return values.astype(np.uint16)
    if whole and low >= -32768 and high <= 32767:
        return values.astype(np.int16)
    return values.astype(np.float32)


def fill_padding(values: Values, stored: Values, dataset: Dataset, found: PixelFormat) -> Values:
    """Returns values with padding set to the lowest measured value, so that it does not stretch the grey range.

    Args:
        values: Mapped values, shape (H, W); changed in place.
        stored: Stored values, shape (H, W).
        dataset: Data set.
        found: Pixel format.

    Raises:
        UnreadableError: All pixels are padding.
    """
    if "PixelPaddingValue" not in dataset:
        return values
    padded = find_padding(dataset, found)(stored)
    if padded.all():
        raise UnreadableError(ONLY_PADDING)
    if padded.any():
        values[padded] = values[~padded].min()
    return values


def to_presentation(stored: Values, dataset: Dataset, found: PixelFormat, frame: int) -> Values:
    """Returns grey values as presented to a reader: modality LUT, first VOI LUT or window, MONOCHROME1 inverted.

    Args:
        stored: Stored values, shape (H, W).
        dataset: Data set.
        found: Pixel format.
        frame: Index of the frame, from 0.

    Returns:
        Shape (H, W). uint8 if that holds all values, else 16 bits over the full range of a window or table; without
        either, the modality values in the smallest data type that holds them.
    """
    if stored.dtype.kind == "f":
        return to_signal(stored, dataset, found, frame)
    modality, voi = make_modality(dataset, frame), make_voi(dataset, frame)
    bits = found.bits[1]
    lowest = -(1 << (bits - 1)) if found.signed else 0
    ends = modality(np.array([lowest, lowest + (1 << bits) - 1]))
    if isinstance(modality, Table):
        ends, bits = np.array([0, (1 << modality.bits) - 1]), modality.bits
    top = (
        255 if isinstance(voi, Table) and voi.bits == 8 else 255 if bits <= 8 and not isinstance(voi, Table) else 65535
    )

    def present(values: Values) -> Values:
        shown = modality(values)
        if voi:
            shown = np.rint(voi(shown) * (top / ((1 << voi.bits) - 1)) if isinstance(voi, Table) else voi(shown) * top)
            shown = np.clip(shown, 0, top)
        if found.photometric == "MONOCHROME1":
            shown = top - shown if voi else ends.min() + ends.max() - shown
        return shown

    pixels = shrink(map_values(stored, present))
    if (top == 255 if voi else bits <= 8) and pixels.dtype == np.uint16 and pixels.max() <= 255:
        pixels = pixels.astype(np.uint8)
    return fill_padding(pixels, stored, dataset, found)


def make_voi(dataset: Dataset, frame: int) -> Table | Mapping | None:
    """Returns the first VOI LUT, or the first window as a function to [0, 1]; None if there is neither.

    Source: DICOM PS3.3, C.11.2.1.2 and C.11.2.1.3.
    """
    group = find_group(dataset, frame, "FrameVOILUTSequence")
    table = read_table(dataset, "VOILUTSequence")
    if table:
        return table
    centre, width = read_first(group, "WindowCenter"), read_first(group, "WindowWidth")
    function = get_text(group, "VOILUTFunction").upper()
    if centre is None or width is None or width <= (1 if function in ("", "LINEAR") else 0):
        return None
    if function == "SIGMOID":
        return lambda values: 1 / (1 + np.exp(-4 * (values - centre) / width))
    if function == "LINEAR_EXACT":
        return lambda values: np.clip((values - centre) / width + 0.5, 0, 1)
    return lambda values: np.clip((values - (centre - 0.5)) / (width - 1) + 0.5, 0, 1)


def read_first(dataset: Dataset, keyword: str) -> float | None:
    """Returns the first number of a multi-valued attribute; None if it is absent or damaged."""
    try:
        value: Any = dataset.get(keyword)
        first: Any = next(iter(value)) if np.iterable(value) and not isinstance(value, str) else value
        number = float(first)
    except Exception:  # absent or damaged
        return None
    return number if math.isfinite(number) else None


def apply_palette(stored: Values, dataset: Dataset) -> Values:
    """Returns the colours of stored values (H, W) in a palette: 8-bit RGB, shape (H, W, 3).

    Raises:
        UnreadableError: The palette is damaged.
    """
    from pydicom.pixels.processing import apply_color_lut

    try:
        colours = apply_color_lut(stored, dataset)[..., :3]
    except Exception:  # damaged palettes raise anything
        raise UnreadableError("damaged header: the colour palette can't be read") from None
    return colours if colours.dtype == np.uint8 else (colours >> 8).astype(np.uint8)


def to_grey(rgb: Values) -> tuple[Values, bool]:
    """Returns grey values (H, W) of colours (H, W, 3), and whether there was true colour.

    Equal channels are kept, true colour is converted to luminance.

    Source: ITU-R BT.601, with the integer weights that Pillow uses, so that a PNG of the same picture gives the same.
    """
    spread = max(int(np.ptp(rows.astype(np.int64), axis=-1).max()) for rows in rgb)
    weights = np.array([19595, 38470, 7471])
    grey = np.empty(rgb.shape[:2], rgb.dtype)
    for target, rows in zip(grey, rgb, strict=True):  # row by row: wide numbers would take 40 bytes per pixel
        target[:] = (rows.astype(np.int64) @ weights + 0x8000) >> 16 if spread else rows[:, 0]
    scale = (1 << (8 * rgb.dtype.itemsize - 8)) if rgb.dtype.itemsize < 4 else 1 << 24
    small = grey.astype(np.uint8) if rgb.dtype == np.uint8 else shrink(grey)
    return small, spread > COLOUR_TOLERANCE * scale
