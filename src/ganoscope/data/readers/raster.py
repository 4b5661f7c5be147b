"""Reads PNG, JPEG and TIFF: 8 and 16 bit, grey, or grey stored as palette, RGB or RGBA; TIFF also signed, float, paged.

Resolution tags are never used: they describe a screen or printer, not the patient.

"""

import ctypes
import errno
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError, _imaging

from ganoscope.data.file_limits import refuse_bomb, refuse_large, refuse_scans
from ganoscope.data.picture import SYNTHETIC, Picture, ReadOptions, UnreadableError
from ganoscope.data.readers._raw_values import EIGHT_BIT, find_meaning, make_picture

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
FORMATS = ("PNG", "JPEG", "TIFF")
COLOUR_TOLERANCE = 8
"""Largest difference between the channels of a grey picture, in grey values; JPEG rounding stays below it."""

BYTES_OF_MODE = {"1": 1, "L": 1, "I;16": 2, "I;16B": 2, "I;16L": 2}
"""Bytes per pixel of the modes of Pillow; 4 in all others."""
TRANSPARENT = "transparent pixels have no defined grey value; flatten the image first"
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""Operation that undoes each EXIF orientation; 1 and unknown ones need none."""

# TIFF tags (TIFF 6.0, https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf)
SUBFILE_TYPE, BITS, PHOTOMETRIC, SAMPLE_FORMAT = 254, 258, 262, 339
REDUCED_OR_MASK = 0b101
WHITE_IS_ZERO = 0
SIGNED = 2

warnings.filterwarnings("ignore", module=r"PIL\.TiffImagePlugin")  # damaged files are refused with a reason
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)  # and so are too large ones


def read(path: Path, options: ReadOptions) -> Iterator[Picture]:
    """Yields the picture in a file, or each page of a TIFF, at its own bit depth, upright according to EXIF.

    Units: grey values of 8 and 16 bits; HU if `hu_offset` declares them; a signal for signed and float TIFF.

    Raises:
        UnreadableError: The file is not an image of a supported format, is truncated, animated or
            transparent, has 16-bit colour (which could only be read with loss) or a colour space without grey, or its
            values can't be HU although `hu_offset` declares them.
        OSError: The system can't read the file.
    """
    mute_libtiff()
    try:
        # given a path instead of a file, Pillow maps plain TIFF into memory and garbles pictures that it rotates
        with path.open("rb") as file, Image.open(file) as image:
            pages = choose_pages(path, image, options)
            for page in pages:
                if len(pages) > 1:
                    image.seek(page)
                refuse_unsuitable(path, image, options)
                picture = to_picture(image, options, page)
                yield replace(picture, synthetic=True) if is_synthetic(image) else picture
    except (UnreadableError, MemoryError):
        raise
    except UnidentifiedImageError:
        raise UnreadableError("the content is no PNG, JPEG or TIFF image of a supported kind") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        most = 2 * (Image.MAX_IMAGE_PIXELS or 0)
        raise UnreadableError(f"decompression bomb refused: at most {most} pixels are read at a time") from None
    except Exception as error:  # on damaged bytes Pillow raises anything: struct.error, TypeError, KeyError, ...
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):  # EINVAL: an impossible place in it
            raise
        raise UnreadableError(f"corrupt or truncated ({type(error).__name__})") from None  # its text may hold names


@cache
def mute_libtiff() -> None:
    """Keeps the library that unpacks TIFF from writing to standard error: the reason for a refusal says what is needed.

    Where Pillow holds the library within itself, as on Windows, it can't be reached.
    """
    for handler in ("TIFFSetErrorHandler", "TIFFSetWarningHandler"):
        with suppress(OSError, AttributeError):
            getattr(ctypes.CDLL(_imaging.__file__), handler)(None)


def is_synthetic(image: Image.Image) -> bool:
    """Tells whether the description in a picture declares that it was generated."""
    return str(image.info.get("Description", "")).startswith(SYNTHETIC)


def choose_pages(path: Path, image: Image.Image, options: ReadOptions) -> list[int]:
    """Returns the indices of the pages to read: all pages of a TIFF except thumbnails and masks.

    Args:
        path: File.
        image: Opened image.
        options: Reading options, which hold the limits.

    Raises:
        UnreadableError: The format is not supported, the file is an animation, or a decompression bomb.
    """
    if image.format not in FORMATS:
        raise UnreadableError(f"wrong extension: the content is {image.format}; {', '.join(FORMATS)} are read")
    count = getattr(image, "n_frames", 1)
    if image.format != "TIFF" or count == 1:
        if count > 1:
            raise UnreadableError("the file holds several frames; one picture per file is supported")
        return [0]
    pages, unpacked = [], 0
    for page in range(count):
        image.seek(page)
        if not get_tag(image, SUBFILE_TYPE, 0) & REDUCED_OR_MASK:
            pages.append(page)
            unpacked += image.width * image.height * count_bytes(image)
    refuse_bomb(unpacked, path.stat().st_size, options)
    if not pages:
        raise UnreadableError("the file holds no picture, only small copies or masks of one")
    return pages


def count_bytes(image: Image.Image) -> int:
    """Returns the bytes that Pillow holds per pixel."""
    return BYTES_OF_MODE.get(image.mode, 4)


def get_tag(image: Image.Image, tag: int, default: int) -> int:
    """Returns the (first) value of a TIFF tag; the default if it is missing, and for other formats.

    Args:
        image: Opened image.
        tag: Number of the tag.
        default: Value if the tag is missing.
    """
    value: Any = getattr(image, "tag_v2", {}).get(tag, default)
    return int(value[0] if isinstance(value, tuple) else value)


def refuse_unsuitable(path: Path, image: Image.Image, options: ReadOptions) -> None:
    """Refuses pictures that the header shows to be unsuitable.

    Args:
        path: File.
        image: Opened image at one of its pages.
        options: Reading options, which hold the limits.

    Raises:
        UnreadableError: The picture is too large, or has no lossless grey values.
    """
    refuse_large(image.width * image.height, count_bytes(image), options)
    if image.format == "JPEG":
        refuse_scans(path.read_bytes())
    if image.mode in ("CMYK", "LAB", "HSV") or (image.mode == "F" and image.format != "TIFF"):
        raise UnreadableError(f"colour mode {image.mode} has no defined grey value")
    if image.format == "PNG" and image.mode in ("RGB", "RGBA", "LA") and is_16_bit_colour(path):
        raise UnreadableError("16-bit colour PNG can't be read without loss; convert it to 16-bit grey")
    if image.format == "TIFF":
        refuse_unsuitable_tiff(image)


def refuse_unsuitable_tiff(image: Image.Image) -> None:
    """Refuses TIFF that Pillow would read with loss, or inverted.

    Raises:
        UnreadableError: The TIFF has 16-bit colour, or 0 is white.
    """
    grey = image.mode.startswith(("I", "F"))
    if not grey and get_tag(image, BITS, 1) > 8:
        raise UnreadableError("16-bit colour TIFF can't be read without loss; convert it to 16-bit grey")
    if grey and get_tag(image, PHOTOMETRIC, 1) == WHITE_IS_ZERO:
        raise UnreadableError("16-bit TIFF with inverted values (0 is white); save it with 0 as black")


def is_16_bit_colour(path: Path) -> bool:
    """Tells whether a PNG header states 16 bits per channel and several channels."""
    with path.open("rb") as file:
        header = file.read(26)
    return header[24] == 16 and header[25] != 0


def to_picture(image: Image.Image, options: ReadOptions, page: int) -> Picture:
    """Returns the current page, in HU if declared.

    Args:
        image: Opened image at this page.
        options: Reading options.
        page: Index of the page.

    Raises:
        UnreadableError: The values can't be HU although declared, or pixels are transparent.
    """
    signed = get_tag(image, SAMPLE_FORMAT, 1) == SIGNED
    refuse_other_offset(image, options.hu_offset)
    image.load()  # rotates a TIFF upright and removes the tag, so that it is not rotated twice
    upright = make_upright(image)
    if upright.mode == "F" or signed:
        pixels = np.asarray(upright)
        meaning = find_meaning([pixels], options.hu_offset)
        return make_picture(pixels, meaning, frame=page)
    pixels, coloured = to_grey(upright)
    if options.hu_offset is not None:
        if pixels.dtype == np.uint8:
            raise UnreadableError(EIGHT_BIT)
        return make_picture(pixels, find_meaning([pixels], options.hu_offset), frame=page)
    return Picture(pixels, "grey 8 bit" if pixels.dtype == np.uint8 else "grey 16 bit", coloured, frame=page)


def refuse_other_offset(image: Image.Image, hu_offset: int | None) -> None:
    """Refuses a picture of ganoscope's own whose text states another HU offset than the declared one.

    Args:
        image: Opened image.
        hu_offset: What the user declares; None for nothing.

    Raises:
        UnreadableError: The offsets differ.
    """
    stated = str(image.info.get("ganoscope:offset", ""))
    if hu_offset is not None and stated not in ("", str(hu_offset)):
        raise UnreadableError(f"its own text states another HU offset than {hu_offset}: give --hu-offset {stated[:12]}")


def make_upright(image: Image.Image) -> Image.Image:
    """Returns the picture rotated by its EXIF orientation; all other EXIF content, damaged or not, is ignored."""
    orientation: object = image.getexif().get(ExifTags.Base.Orientation)
    turn = UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    return image if turn is None else image.transpose(turn)


def to_grey(image: Image.Image) -> tuple[NDArray[Any], bool]:
    """Returns uint8 or uint16 pixels, shape (H, W), and whether there was true colour.

    Equal channels are kept, true colour is converted to its ITU-R BT.601 luminance.

    Raises:
        UnreadableError: Pixels are transparent, or values do not fit into 16 bits.
    """
    if image.mode.startswith("I"):
        pixels = to_uint16(np.asarray(image))
        transparent = image.info.get("transparency")
        if transparent is not None and (pixels == transparent).any():
            raise UnreadableError(TRANSPARENT)
        return pixels, False
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = refuse_transparency(image.convert("RGBA"))
    if image.mode in ("1", "L"):
        return np.asarray(image if image.mode == "L" else image.convert("L")), False
    channels = np.asarray(image.convert("RGB"))
    spread = int((channels.max(axis=2).astype(np.int16) - channels.min(axis=2)).max())
    if spread == 0:
        return np.ascontiguousarray(channels[..., 0]), False
    return np.asarray(image.convert("L")), spread > COLOUR_TOLERANCE


def to_uint16(pixels: NDArray[np.generic]) -> NDArray[np.uint16]:
    """Returns the same values, same shape, as uint16.

    Raises:
        UnreadableError: A value does not fit into uint16.
    """
    if pixels.dtype == np.uint16:
        return np.array(pixels, np.uint16)
    if pixels.min() < 0 or pixels.max() > 65535:
        raise UnreadableError("values outside 0 to 65535 in a 32-bit grey image")
    return pixels.astype(np.uint16)


def refuse_transparency(image: Image.Image) -> Image.Image:
    """Returns an opaque picture as RGB; transparent pixels have no defined grey value.

    Raises:
        UnreadableError: A pixel is transparent.
    """
    alpha = np.asarray(image.getchannel("A"))
    if alpha.min() < 255:
        raise UnreadableError(TRANSPARENT)
    return image.convert("RGB")
