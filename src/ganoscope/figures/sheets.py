"""Contact sheets: many small pictures as one."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ganoscope.files import replacing

GAP_PX = 2
GAP_GREY = 64
TEXT_PX, TEXT_GREY = 14, 255


def make_sheet(pictures: NDArray[np.uint8], columns: int, captions: Sequence[str] | None = None) -> NDArray[np.uint8]:
    """Returns pictures side by side with thin gaps between them.

    Args:
        pictures: Shape (N, H, W), 8-bit grey.
        columns: Pictures per row.
        captions: Caption to the left of each row, of one or more lines; one that repeats the one above is left out.

    Returns:
        One picture, 8-bit grey.

    Example:
        >>> make_sheet(np.zeros((5, 8, 8), np.uint8), columns=3).shape
        (22, 32)
    """
    count, height, width = pictures.shape
    rows = -(-count // columns)
    step_y, step_x = height + GAP_PX, width + GAP_PX
    sheet = np.full((rows * step_y + GAP_PX, columns * step_x + GAP_PX), GAP_GREY, np.uint8)
    for index, picture in enumerate(pictures):
        top, left = GAP_PX + index // columns * step_y, GAP_PX + index % columns * step_x
        sheet[top : top + height, left : left + width] = picture
    return sheet if captions is None else np.concatenate([make_margin(captions, step_y, len(sheet)), sheet], axis=1)


def make_margin(captions: Sequence[str], step: int, height: int) -> NDArray[np.uint8]:
    """Returns a margin, shape (height, width), 8-bit grey, as wide as the longest caption needs.

    Args:
        captions: Caption of each row; one that repeats the one above is left out.
        step: Distance between rows in pixels.
        height: Height of the margin in pixels.
    """
    font = ImageFont.load_default(TEXT_PX)
    lines = [line for caption in captions for line in caption.splitlines()]
    width = round(max(map(font.getlength, lines), default=0.0)) + 4 * GAP_PX
    margin = Image.new("L", (width, height), GAP_GREY)
    for row, caption in enumerate(captions):
        if not row or captions[row - 1] != caption:
            ImageDraw.Draw(margin).text((2 * GAP_PX, GAP_PX + row * step), caption, TEXT_GREY, font)
    return np.asarray(margin)


def save_picture(path: Path, picture: NDArray[np.generic]) -> None:
    """Writes a grey (H, W) or RGB (H, W, 3) picture as PNG, atomically."""
    with replacing(path) as partial:
        Image.fromarray(picture).save(partial, format="PNG")
