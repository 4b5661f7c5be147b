"""Copies of real images, altered a little, with which an audit measures what share of copies it would find."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from ganoscope.copies.bands import SIDE_PX
from ganoscope.copies.views import shift, turn

Floats = NDArray[np.float32]

KINDS = "mirrored or turned, shifted by up to 5% of the side, gamma 0.7 to 1.4, blurred, with noise"


def alter(image: Floats, generator: np.random.Generator) -> Floats:
    """Returns an image (H, H) in network range, altered in all the ways of `KINDS` at once."""
    most = round(0.05 * len(image))
    down, right = generator.integers(-most, most + 1, 2).tolist()
    lowest = float(image.min())
    moved = shift(turn(image, int(generator.integers(8))) - lowest, down, right) + lowest
    exponent = np.exp(generator.uniform(-1, 1) * np.log(1.4))
    toned = ((moved + 1) / 2).clip(0, 1) ** exponent * 2 - 1
    blurred = gaussian_filter(toned, generator.uniform(0, 0.8) * len(image) / SIDE_PX)
    noisy = blurred + generator.normal(0, 0.05, image.shape)
    return noisy.clip(-1, 1).astype(np.float32)
