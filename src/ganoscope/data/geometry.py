"""From pictures of any shape to the store's square, with antialiasing."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Fit = Literal["pad", "crop", "stretch"]
"""`pad` keeps the aspect ratio and adds the lowest value; `crop` keeps the ratio and the centre; `stretch` distorts."""


def fit_to_square(pixels: NDArray[np.generic], size: int, fit: Fit) -> NDArray[np.generic]:
    """Returns the picture as a square.

    Args:
        pixels: Stored units, shape (H, W), uint8, uint16 or int16.
        size: Side of the square in pixels.
        fit: How a picture that is not square becomes one.

    Returns:
        Shape (size, size), same type and within the picture's own range; padding is the picture type's lowest
        meaningful value: 0, or -1024 for int16 HU.
    """
    if fit == "crop":
        pixels = crop_to_square(pixels)
    if fit == "stretch" or pixels.shape[0] == pixels.shape[1]:
        return resize(pixels, (size, size))
    scale = size / max(pixels.shape)
    height, width = (max(1, round(side * scale)) for side in pixels.shape)
    square = np.full((size, size), -1024 if pixels.dtype == np.int16 else 0, pixels.dtype)
    top, left = (size - height) // 2, (size - width) // 2
    square[top : top + height, left : left + width] = resize(pixels, (height, width))
    return square


def crop_to_square(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    """Returns the largest square at the picture's centre."""
    side = min(pixels.shape)
    top, left = ((length - side) // 2 for length in pixels.shape)
    return pixels[top : top + side, left : left + side]


def resize(pixels: NDArray[np.generic], shape: tuple[int, int]) -> NDArray[np.generic]:
    """Returns the picture at (height, width), Lanczos-filtered with antialiasing, inside its own range."""
    if pixels.shape == shape:
        return pixels
    eight_bit = pixels.dtype == np.uint8
    image = Image.fromarray(pixels if eight_bit else pixels.astype(np.float32))
    resized = np.asarray(image.resize((shape[1], shape[0]), Image.Resampling.LANCZOS))
    return (
        resized.clip(pixels.min(), pixels.max())
        if eight_bit
        else np.rint(resized.clip(pixels.min(), pixels.max())).astype(pixels.dtype)
    )
