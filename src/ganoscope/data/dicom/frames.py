"""Decodes the frames of a DICOM file one by one, after checking that the headers of file and frames are consistent."""

import os
import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.encaps import generate_frames
from pydicom.pixels.decoders.base import Decoder, get_decoder
from pydicom.uid import (
    UID,
    JPEG2000TransferSyntaxes,
    JPEGExtended12Bit,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
    RLELossless,
)

from ganoscope.data.dicom.attributes import get_numbers
from ganoscope.data.dicom.dataset import quiet
from ganoscope.data.dicom.isolated import CORRUPT_FRAME, decode_isolated
from ganoscope.data.dicom.pixel_format import FLOATS, PixelFormat, is_deferred, measure_pixels
from ganoscope.data.file_limits import refuse_scans
from ganoscope.data.picture import UnreadableError

NEEDS_GDCM = (
    "JPEG lossless, JPEG-LS and 12-bit JPEG need python-gdcm, which is not installed; "
    'remedy: pip install "ganoscope[dicom]"'
)


def iterate_frames(
    dataset: Dataset, found: PixelFormat, numbers: Sequence[int] | None = None
) -> Iterator[NDArray[Any]]:
    """Yields decoded frames, shape (H, W), or (H, W, 3) as RGB: stored values without unused bits.

    Args:
        dataset: Data set.
        found: Pixel format.
        numbers: Frames to decode, in this order; all by default.

    Raises:
        UnreadableError: Pixels are missing or damaged, contradict the header, or need a decoder that is not installed.
    """
    syntax, wanted = dataset.file_meta.TransferSyntaxUID, range(found.frames) if numbers is None else numbers
    if not syntax.is_encapsulated:
        if is_plain(found):
            yield from iterate_native(dataset, found, wanted)
        elif is_deferred(dataset, found.keyword):
            for frame in iterate_bytes(dataset, found, wanted):
                yield from decode(cut_frame(dataset, frame), replace(found, frames=1), syntax, [0])
        else:
            yield from decode(dataset, found, syntax, wanted)
        return
    decoder = find_decoder(dataset, found)
    frames = split_frames(dataset, found)
    for number in wanted:
        refuse_frame(frames[number], found, syntax)
    if find_plugin(decoder, found):
        yield from decode(dataset, found, syntax, wanted)
        return
    options = describe_pixels(found, syntax)
    for number in wanted:
        pixels = decode_isolated(frames[number], options)
        refuse_size(pixels, found)
        yield pixels


def is_plain(found: PixelFormat) -> bool:
    """Tells whether the values are a plain view of the bytes."""
    return found.samples == 1 and (found.little_endian or found.bits[0] > 8)


def refuse_length(dataset: Dataset, found: PixelFormat) -> None:
    """Refuses uncompressed pixel data that is shorter than the header states, or longer by a whole frame or more.

    Raises:
        UnreadableError: It is.
    """
    frame, actual = found.frame_bytes, measure_pixels(dataset, found.keyword)
    if actual < frame * found.frames:
        raise UnreadableError(f"truncated: {actual} of {frame * found.frames} bytes of pixel data are there")
    if actual >= frame * (found.frames + 1):
        raise UnreadableError(f"damaged header: it states {found.frames} frames, the pixel data holds more")


def iterate_native(dataset: Dataset, found: PixelFormat, numbers: Iterable[int]) -> Iterator[NDArray[Any]]:
    """Yields frames of uncompressed grey, palette or float pixels, shape (H, W).

    Args:
        dataset: Data set.
        found: Pixel format.
        numbers: Frames to read, in this order.
    """
    kind = FLOATS.get(found.keyword, f"{'i' if found.signed else 'u'}{found.bits[0] // 8}")
    dtype = np.dtype(kind).newbyteorder("<" if found.little_endian else ">")
    for content in iterate_bytes(dataset, found, numbers):
        stored = np.frombuffer(content, dtype).reshape(found.shape)
        native = stored.astype(dtype.newbyteorder("="), copy=False)
        if found.keyword in FLOATS or found.bits[1] == found.bits[0]:
            yield native
            continue
        values = remove_unused_bits(native, found)
        refuse_wide_padding(dataset, found, bool((values != native).any()))
        yield values


def iterate_bytes(dataset: Dataset, found: PixelFormat, numbers: Iterable[int]) -> Iterator[bytes]:
    """Yields the bytes of uncompressed frames, from the file if they were left there.

    Args:
        dataset: Data set.
        found: Pixel format.
        numbers: Frames to read, in this order.

    Raises:
        UnreadableError: The file was cut off meanwhile.
    """
    size = found.frame_bytes
    element: Any = dataset.get_item(found.keyword, keep_deferred=True)
    if not is_deferred(dataset, found.keyword):
        content = dataset[found.keyword].value
        yield from (content[number * size : (number + 1) * size] for number in numbers)
        return
    with Path(dataset.filename).open("rb") as file:
        for number in numbers:
            file.seek(element.value_tell + number * size)
            frame = file.read(size)
            if len(frame) < size:
                raise UnreadableError("truncated: the file became shorter while it was read")
            yield frame


def cut_frame(dataset: Dataset, frame: bytes) -> Dataset:
    """Returns a data set with one of the frames, for decoders that would read them all."""
    cut = Dataset()
    for element in dataset.group_dataset(0x0028):
        cut.add(element)
    cut.NumberOfFrames = 1
    cut.PixelData = frame + b"\0" * (len(frame) % 2)
    cut["PixelData"].VR = "OW"
    cut.file_meta = dataset.file_meta
    cut.set_original_encoding(*dataset.original_encoding)
    return cut


def refuse_wide_padding(dataset: Dataset, found: PixelFormat, changed: bool) -> None:
    """Refuses a padding value that the stored bits can't hold: truncated, it would look like a measured value.

    Args:
        dataset: Data set.
        found: Pixel format.
        changed: Whether removing unused bits changed any pixel.

    Raises:
        UnreadableError: The padding value does not fit.
    """
    padding = get_numbers(dataset, "PixelPaddingValue", 1)
    lowest = -(1 << (found.bits[1] - 1)) if found.signed else 0
    if changed and padding and not lowest <= padding[0] < lowest + (1 << found.bits[1]):
        raise UnreadableError("damaged header: PixelPaddingValue does not fit into the stored bits")


def remove_unused_bits(pixels: NDArray[Any], found: PixelFormat) -> NDArray[Any]:
    """Returns the values of the stored bits, same shape: old files keep overlays in the other bits."""
    allocated, stored, high = found.bits
    return (pixels << (allocated - 1 - high)) >> (allocated - stored)


def have_gdcm() -> bool:
    """Tells whether gdcm is installed."""
    return find_spec("gdcm") is not None


def find_decoder(dataset: Dataset, found: PixelFormat) -> Decoder:
    """Returns the decoder of the compression.

    Raises:
        UnreadableError: The compression is unknown, or its decoder is not installed.
    """
    syntax = dataset.file_meta.TransferSyntaxUID
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError:
        raise UnreadableError("its compression is not supported (video, or a private one)") from None
    if find_plugin(decoder, found):
        return decoder
    if not have_gdcm():
        raise UnreadableError(NEEDS_GDCM)
    if needs_twelve_bits(syntax, found) and (found.samples != 1 or found.bits[0] != 16):
        raise UnreadableError("12-bit JPEG in colour is not supported")
    return decoder


def find_plugin(decoder: Decoder, found: PixelFormat) -> str:
    """Returns the plug-in that decodes in this process; "" if only gdcm can, which has to be isolated."""
    if needs_twelve_bits(decoder.UID, found):
        return ""
    safe = [plugin for plugin in decoder.available_plugins if plugin != "gdcm"]
    return safe[-1] if safe else ""


def describe_pixels(found: PixelFormat, syntax: str) -> dict[str, Any]:
    """Returns the options for decoding a single frame, with the names of pydicom."""
    return {
        "syntax": str(syntax),
        "rows": found.shape[0],
        "columns": found.shape[1],
        "samples_per_pixel": found.samples,
        "photometric_interpretation": found.photometric,
        "bits_allocated": found.bits[0],
        "bits_stored": found.bits[1],
        "pixel_representation": int(found.signed),
        "planar_configuration": 0,
        "number_of_frames": 1,
        "pixel_keyword": "PixelData",
    }


def needs_twelve_bits(syntax: str, found: PixelFormat) -> bool:
    """Tells whether a frame is 12-bit JPEG, which the plug-ins of pydicom do not decode."""
    return syntax == JPEGExtended12Bit and found.bits[1] > 8


@contextmanager
def mute_libraries() -> Iterator[None]:
    """Discards terminal output of the decoders' C code: Python can't catch it, and it may name files."""
    try:
        terminal = os.dup(2)
    except OSError:  # closed already
        yield
        return
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - not a file of ours
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)


def split_frames(dataset: Dataset, found: PixelFormat) -> list[bytes]:
    """Returns the compressed frames.

    Raises:
        UnreadableError: Their number differs from the header, or they can't be separated.
    """
    offsets = dataset.get("ExtendedOffsetTable"), dataset.get("ExtendedOffsetTableLengths")
    try:
        frames = list(
            generate_frames(
                dataset.PixelData,
                number_of_frames=found.frames,
                extended_offsets=(offsets[0], offsets[1]) if offsets[0] and offsets[1] else None,
            )
        )
    except Exception:  # damaged items raise anything
        raise UnreadableError("damaged: the compressed frames can't be told apart") from None
    if len(frames) != found.frames:
        raise UnreadableError(f"damaged: {len(frames)} compressed frames, but the header states {found.frames}")
    return frames


def refuse_frame(frame: bytes, found: PixelFormat, syntax: str) -> None:
    """Refuses a compressed frame whose own header contradicts that of the file, before it is decoded.

    Args:
        frame: Compressed frame.
        found: Pixel format.
        syntax: Transfer syntax.

    Raises:
        UnreadableError: The headers contradict each other, or the frame has none.
    """
    if syntax == RLELossless:
        raw = found.shape[0] * found.shape[1] * found.samples * found.bits[0] // 8
        if len(frame) > 2 * raw + 1024:  # PackBits adds one byte to 128 at worst
            raise UnreadableError("damaged: an RLE frame is longer than its uncompressed pixels")
        return
    jpeg = syntax in JPEGTransferSyntaxes or syntax in JPEGLSTransferSyntaxes
    if jpeg:
        refuse_scans(frame)
    size = read_jpeg_size(frame) if jpeg else None
    if syntax in JPEG2000TransferSyntaxes or "4.20" in syntax:
        size = read_jpeg2000_size(frame)
    if size is None:
        raise UnreadableError("damaged: a compressed frame has no readable header of its own")
    if size != (*found.shape, found.samples):
        raise UnreadableError(
            f"damaged: a compressed frame is {size[1]} x {size[0]} with {size[2]} channels, "
            f"its header states {found.shape[1]} x {found.shape[0]} with {found.samples}"
        )


def read_jpeg_size(frame: bytes) -> tuple[int, int, int] | None:
    """Returns rows, columns and channels of a JPEG or JPEG-LS stream from its frame marker (ITU-T T.81, B.2.2)."""
    position = 2
    while frame[:2] == b"\xff\xd8" and position + 10 <= len(frame) and frame[position] == 0xFF:
        marker = frame[position + 1]
        if marker == 0xFF:  # fill byte
            position += 1
            continue
        if marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):
            rows, columns, channels = struct.unpack_from(">HHB", frame, position + 5)
            return rows, columns, channels
        position += 2 + int.from_bytes(frame[position + 2 : position + 4], "big")
    return None


def read_jpeg2000_size(frame: bytes) -> tuple[int, int, int] | None:
    """Returns rows, columns and channels of a JPEG 2000 stream from its SIZ marker (ITU-T T.800, A.5.1)."""
    start = frame.find(b"\xff\x4f\xff\x51")
    if start < 0 or start + 42 > len(frame):
        return None
    columns, rows, left, top = struct.unpack_from(">4I", frame, start + 8)
    return rows - top, columns - left, struct.unpack_from(">H", frame, start + 40)[0]


def decode(dataset: Dataset, found: PixelFormat, syntax: str, numbers: Iterable[int]) -> Iterator[NDArray[Any]]:
    """Yields frames decoded by pydicom, shape (H, W), or (H, W, 3) as RGB.

    Args:
        dataset: Data set.
        found: Pixel format.
        syntax: Transfer syntax.
        numbers: Frames to decode, in this order.

    Raises:
        UnreadableError: A frame is damaged.
    """
    decoder = get_decoder(UID(syntax))
    plugin = find_plugin(decoder, found)
    for number in numbers:
        try:
            with quiet(), mute_libraries():
                frames = decoder.iter_array(dataset, indices=[number], decoding_plugin=plugin)
                pixels, properties = next(frames)
        except MemoryError:
            raise
        except Exception:  # on damaged streams the decoders raise anything
            raise UnreadableError(CORRUPT_FRAME) from None
        refuse_size(pixels, found)
        if found.samples == 3 and "YBR_FULL" in str(properties["photometric_interpretation"]):
            raise UnreadableError("damaged: colours that can't be converted")
        yield pixels


def refuse_size(pixels: NDArray[Any], found: PixelFormat) -> None:
    """Refuses a decoded frame whose shape differs from the header.

    Raises:
        UnreadableError: Its shape is not (H, W), or (H, W, 3) in colour, as stated.
    """
    if pixels.shape != (found.shape if found.samples == 1 else (*found.shape, 3)):
        raise UnreadableError("damaged: a decoded frame is of another size than the header states")
