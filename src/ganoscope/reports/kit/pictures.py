"""Pictures embedded in a page: WebP and SVG as data URIs, in their own colours, small enough to send by mail.

Lossless WebP takes about 60% of a PNG's bytes. A palette is never used: heat maps get false contours, and colour bars
steps, with 256 colours.
"""

import base64
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from ganoscope.errors import UserError
from ganoscope.files.tables import RESTORE

MAX_PX = 1800
"""Longest side of an embedded picture: sharp on a page of 1000 CSS pixels on a retina display."""
MAX_BYTES = 1_000_000
"""A picture above this size is written as JPEG, which loses next to nothing at `QUALITY`."""
QUALITY = 95
"""Quality of JPEG, without colour subsampling: on figures of heat maps, values differ by 1 to 2 of 255 on average."""


@dataclass(frozen=True)
class Picture:
    """A picture with its text.

    Attributes:
        source: Data URI.
        alt: What it shows, for readers who can't see it.
        caption: What to read from it.
        fine: Whether its pixels are image pixels, shown on a dark ground.
        width_px: Its maximum width on the page.
    """

    source: str
    alt: str
    caption: str
    fine: bool = False
    width_px: int = 1000


def embed_svg(text: str) -> str:
    """Returns a data URI of an SVG figure; embedded as an image, it can't load anything."""
    return "data:image/svg+xml;base64," + base64.b64encode(text.encode()).decode()


def embed_image(image: Image.Image, max_px: int = MAX_PX) -> str:
    """Returns a data URI of a picture with its own colours; only one longer than `max_px` has fewer pixels."""
    image = image if image.mode in ("L", "RGB") else image.convert("RGB")
    if max(image.size) > max_px:
        image = image.copy()
        image.thumbnail((max_px, max_px), Image.Resampling.LANCZOS)
    kind, content = "webp", encode(image, "WEBP", lossless=True, quality=60, method=3)
    if len(content) > MAX_BYTES:
        kind, content = "jpeg", encode(image, "JPEG", quality=QUALITY, subsampling=0)
    return f"data:image/{kind};base64," + base64.b64encode(content).decode()


def encode(image: Image.Image, form: str, **options: object) -> bytes:
    """Returns a picture's bytes in a format of Pillow's, with that format's options."""
    content = io.BytesIO()
    image.save(content, format=form, **options)
    return content.getvalue()


def open_picture(path: Path, mode: str) -> Image.Image:
    """Returns a picture that ganoscope wrote, as `L` (grey) or `RGB`.

    Raises:
        UserError: It is missing or damaged.
    """
    try:
        with Image.open(path) as image:
            return image.convert(mode)
    except Exception as error:  # on damaged bytes, Pillow raises anything
        raise UserError(f"{path} is missing or damaged: {error}. {RESTORE}") from None


def show_file(path: Path, caption: str, alt: str = "", width_px: int = 1000) -> Picture:
    """Returns a figure in a file.

    Args:
        path: The file.
        caption: What to read from it.
        alt: What it shows; by default the caption's first sentence.
        width_px: Its width on the page.
    """
    source = embed_image(open_picture(path, "RGB"))
    return Picture(source, alt or caption.partition(".")[0], caption, width_px=width_px)


def show_pixels(image: Image.Image, caption: str, alt: str, width_px: int) -> Picture:
    """Returns a grey picture whose pixels are image pixels, such as a contact sheet.

    Args:
        image: The picture.
        caption: What to read from it.
        alt: What it shows.
        width_px: Its width on the page; at most twice as many pixels are embedded.
    """
    return Picture(embed_image(image.convert("L"), 2 * width_px), alt, caption, fine=True, width_px=width_px)
