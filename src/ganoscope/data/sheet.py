"""Contact sheets: many small pictures as one."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganoscope.files import replacing

GAP_PX = 2
GAP_GREY = 64


def make_sheet(pictures: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """Returns pictures side by side with thin gaps between them.

    Args:
        pictures: Shape (N, H, W), 8-bit grey.
        columns: Pictures per row.

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
    return sheet


def save_picture(path: Path, picture: NDArray[np.generic]) -> None:
    """Writes a grey (H, W) or RGB (H, W, 3) picture as PNG, atomically."""
    with replacing(path) as partial:
        Image.fromarray(picture).save(partial, format="PNG")
