"""What is compared of images: edges and texture, with equal weight in bright and dark, strong and faint places.

An image is filtered by a difference of Gaussians, and the result divided by its own strength around each pixel: copies
that were brightened, windowed or inverted then differ little or by their sign, and one strong edge, such as that of a
padded border, counts no more than faint ribs.

Source: difference of Gaussians: Marr, Hildreth 1980, https://doi.org/10.1098/rspb.1980.0020; division by the local
    strength: Jarrett et al. 2009, sect. 2, https://doi.org/10.1109/ICCV.2009.5459469
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from ganoscope.data.checks.nearest import SIDE_PX, resize

Floats = NDArray[np.float32]

FINE_PX, COARSE_PX = 1.0, 3.0
"""Standard deviations of the two Gaussians, in pixels of an image of SIDE_PX pixels."""
AROUND_PX = 4.0
"""Standard deviation of the Gaussian window in which the strength around a pixel is measured."""
FLOOR = 0.15
"""Added to the squared strength, in units of the image's mean squared strength: flat places stay flat."""
FAINTEST = 1e-7
"""Squared strength, of network values, below which an image counts as constant."""
BAND_PX = SIDE_PX // 2
"""Side of a band after `halve`: of what is compared."""


def make_bands(images: Floats) -> Floats:
    """Returns the bands of images in network range (n, H, W), shape (n, SIDE_PX, SIDE_PX); zeros for constant ones.

    Source: see the module.
    """
    if images.shape[1:] != (SIDE_PX, SIDE_PX):
        images = np.stack([resize(image) for image in images])
    fine, coarse = (blur(images, width) for width in (FINE_PX, COARSE_PX))
    band = fine - coarse
    strength = blur(band**2, AROUND_PX)
    mean = strength.mean(axis=(1, 2), keepdims=True)
    equal: Floats = np.where(mean > FAINTEST, band / np.sqrt(strength + FLOOR * mean + FAINTEST), 0).astype(np.float32)
    return equal


def halve(bands: Floats) -> Floats:
    """Returns bands (n, SIDE_PX, SIDE_PX) at half their side, averaged, shape (n, BAND_PX, BAND_PX)."""
    small: Floats = bands.reshape(len(bands), BAND_PX, 2, BAND_PX, 2).mean(axis=(2, 4))
    return small


def blur(images: Floats, width_px: float) -> Floats:
    """Returns images (n, H, W), each blurred by a Gaussian of that standard deviation."""
    blurred: Floats = gaussian_filter(images, (0, width_px, width_px), mode="nearest", output=np.float32)
    return blurred
