"""Reads the pixel format from the header of a DICOM file and refuses what can't be decoded."""

from dataclasses import dataclass
from typing import Any

from pydicom import Dataset
from pydicom.dataelem import RawDataElement

from ganoscope.data.picture import UnreadableError

GREY = ("MONOCHROME1", "MONOCHROME2")
COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
FLOATS = {"FloatPixelData": "f4", "DoubleFloatPixelData": "f8"}


@dataclass(frozen=True)
class PixelFormat:
    """Pixel format stated by the header, checked for consistency.

    Attributes:
        shape: Rows and columns.
        frames: Number of frames.
        samples: Samples per pixel: 1, or 3 in colour.
        photometric: Photometric interpretation.
        bits: Bits allocated, bits stored, and high bit.
        signed: Whether values are two's complement.
        keyword: Attribute that holds the pixels.
        little_endian: Byte order.
    """

    shape: tuple[int, int]
    frames: int
    samples: int
    photometric: str
    bits: tuple[int, int, int]
    signed: bool
    keyword: str
    little_endian: bool

    @property
    def frame_bytes(self) -> int:
        """Bytes of an uncompressed frame in the file."""
        values = self.shape[0] * self.shape[1] * self.samples * self.bits[0] // 8
        return values * 2 // 3 if self.photometric == "YBR_FULL_422" else values


def read_format(dataset: Dataset) -> PixelFormat:
    """Returns the pixel format.

    Raises:
        UnreadableError: The header is contradictory or incomplete, or the format is not supported.
    """
    keyword = next(k for k in ("PixelData", *FLOATS) if k in dataset)
    if not measure_pixels(dataset, keyword):
        raise UnreadableError("truncated: the pixel data is empty")
    allocated = read_integer(dataset, "BitsAllocated")
    stored = read_integer(dataset, "BitsStored", allocated)
    little = dataset.file_meta.TransferSyntaxUID.is_little_endian
    found = PixelFormat(
        shape=(read_integer(dataset, "Rows"), read_integer(dataset, "Columns")),
        frames=read_integer(dataset, "NumberOfFrames", 1) or 1,  # some writers say 0 for a single image
        samples=read_integer(dataset, "SamplesPerPixel", 1),
        photometric=str(dataset.get("PhotometricInterpretation") or "").strip("\0 ").upper(),
        bits=(allocated, stored, read_integer(dataset, "HighBit", stored - 1)),
        signed=read_integer(dataset, "PixelRepresentation", 0) == 1,
        keyword=keyword,
        little_endian=bool(little),
    )
    refuse_format(found)
    return found


def measure_pixels(dataset: Dataset, keyword: str) -> int:
    """Returns the length of the pixel data in bytes, also where it was left in the file."""
    if is_deferred(dataset, keyword):
        element: Any = dataset.get_item(keyword, keep_deferred=True)
        return int(element.length)
    return len(dataset[keyword].value or b"")


def is_deferred(dataset: Dataset, keyword: str) -> bool:
    """Tells whether the value of an attribute was left in the file."""
    element: Any = dataset.get_item(keyword, keep_deferred=True)
    return isinstance(element, RawDataElement) and element.value is None and element.length > 0


def read_integer(dataset: Dataset, keyword: str, default: int | None = None) -> int:
    """Returns an attribute that must be one non-negative integer, or the default if it is absent.

    Args:
        dataset: Data set.
        keyword: Keyword of the attribute.
        default: Value if it is absent; None if it is required.

    Raises:
        UnreadableError: The attribute is missing, not an integer, or negative.
    """
    try:
        value: Any = dataset.get(keyword)
        if value is None and default is not None:
            return default
        number = int(value)
    except Exception:  # conversion of a damaged value raises anything
        raise UnreadableError(f"damaged header: {keyword} is missing or no whole number") from None
    if number < 0:
        raise UnreadableError(f"damaged header: {keyword} is negative")
    return number


def refuse_format(found: PixelFormat) -> None:
    """Refuses pixel formats that can't be decoded.

    Raises:
        UnreadableError: The format is inconsistent or not supported.
    """
    (rows, columns), (allocated, stored, high) = found.shape, found.bits
    if rows * columns * found.frames == 0:
        raise UnreadableError("damaged header: it states a picture without pixels")
    if found.photometric not in (*GREY, *COLOURS, "PALETTE COLOR"):
        raise UnreadableError("damaged header: the photometric interpretation is missing or not supported")
    if found.samples != (3 if found.photometric in COLOURS else 1):
        raise UnreadableError("damaged header: samples per pixel contradict the photometric interpretation")
    expected = (8, 16, 32) if found.keyword == "PixelData" else (8 * int(FLOATS[found.keyword][1]),)
    if allocated not in expected:
        raise UnreadableError(f"{allocated} bits per value are not supported in this kind of pixel data")
    if not 0 < stored <= high + 1 <= allocated:
        raise UnreadableError("damaged header: bits allocated, bits stored and high bit contradict each other")
