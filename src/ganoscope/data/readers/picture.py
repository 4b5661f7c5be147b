"""PNG and JPEG, 8 and 16 bit, grey, or grey stored as palette, RGB or RGBA."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from ganoscope.data.readers import Picture, UnreadableError

SUFFIXES = (".png", ".jpg", ".jpeg")
FORMAT_OF_SUFFIX = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
COLOUR_TOLERANCE = 8
"""Largest difference between the channels of a grey picture, in grey values: JPEG's rounding stays below it."""

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
"""What undoes each EXIF orientation; 1 and unknown ones need nothing."""


def read(path: Path) -> Picture:
    """Returns the picture in a PNG or JPEG file as grey pixels of its own bit depth, upright by its EXIF mark.

    Raises:
        UnreadableError: Not an image, another format than the suffix says, truncated, animated, transparent,
            16-bit colour (which could only be read with loss), or of a colour space that has no grey.
    """
    try:
        with Image.open(path) as image:
            refuse_unsuitable(path, image)
            return to_grey(make_upright(image))
    except (UnreadableError, MemoryError):
        raise
    except UnidentifiedImageError:
        raise UnreadableError("the content is no PNG or JPEG image") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnreadableError(f"decompression bomb refused: {error}") from None
    except Exception as error:  # on damaged bytes Pillow raises anything: struct.error, TypeError, KeyError, ...
        raise UnreadableError(f"corrupt or truncated: {error}") from None


def refuse_unsuitable(path: Path, image: Image.Image) -> None:
    """Refuses what the file's header already shows to be unsuitable."""
    expected = FORMAT_OF_SUFFIX[path.suffix.lower()]
    if image.format != expected:
        raise UnreadableError(f"wrong extension: the content is {image.format}, the name says {expected}")
    if getattr(image, "n_frames", 1) > 1:
        raise UnreadableError("the file holds several frames; one picture per file is supported")
    if image.width * image.height > (Image.MAX_IMAGE_PIXELS or np.inf):  # warnings can't be turned on per thread
        raise UnreadableError(
            f"decompression bomb refused: {image.width} x {image.height} pixels; "
            f"at most {Image.MAX_IMAGE_PIXELS} pixels are read"
        )
    if image.mode in ("CMYK", "LAB", "HSV", "F"):
        raise UnreadableError(f"colour mode {image.mode} has no defined grey value")
    if expected == "PNG" and is_16_bit_colour(path):
        raise UnreadableError("16-bit colour PNG can't be read without loss; convert it to 16-bit grey")


def is_16_bit_colour(path: Path) -> bool:
    """Tells whether a PNG header states 16 bits per channel and more than one channel."""
    with path.open("rb") as file:
        header = file.read(26)
    return header[24] == 16 and header[25] != 0


def make_upright(image: Image.Image) -> Image.Image:
    """Returns the picture turned as its EXIF mark says; all other EXIF content, damaged or not, is ignored."""
    orientation: object = image.getexif().get(ExifTags.Base.Orientation)
    turn = UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    return image if turn is None else image.transpose(turn)


def to_grey(image: Image.Image) -> Picture:
    """Returns grey pixels: equal channels as they are, true colour by its ITU-R BT.601 luminance."""
    if image.mode.startswith("I"):
        pixels = to_uint16(np.asarray(image))
        if (pixels == image.info.get("transparency")).any():
            raise UnreadableError(TRANSPARENT)
        return Picture(pixels, "grey 16 bit")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = refuse_transparency(image.convert("RGBA"))
    if image.mode in ("1", "L"):
        return Picture(np.asarray(image.convert("L")), "grey 8 bit")
    channels = np.asarray(image.convert("RGB"))
    spread = int((channels.max(axis=2).astype(np.int16) - channels.min(axis=2)).max())
    if spread == 0:
        return Picture(np.ascontiguousarray(channels[..., 0]), "grey 8 bit")
    return Picture(np.asarray(image.convert("L")), "grey 8 bit", coloured=spread > COLOUR_TOLERANCE)


def to_uint16(pixels: NDArray[np.generic]) -> NDArray[np.uint16]:
    """Returns the same values as uint16, or refuses those outside it."""
    if pixels.min() < 0 or pixels.max() > 65535:
        raise UnreadableError("values outside 0 to 65535 in a 32-bit grey image")
    return pixels.astype(np.uint16)


def refuse_transparency(image: Image.Image) -> Image.Image:
    """Returns the opaque picture as RGB; a see-through one has no defined grey value."""
    alpha = np.asarray(image.getchannel("A"))
    if alpha.min() < 255:
        raise UnreadableError(TRANSPARENT)
    return image.convert("RGB")
