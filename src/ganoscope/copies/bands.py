"""What is compared of images: edges and texture, with equal weight in bright and dark, strong and faint places.

An image is filtered by a difference of Gaussians, and the result divided by its own strength around each pixel: copies
that were brightened, windowed or inverted then differ little or by their sign, and one strong edge counts no more than
faint ribs. Margins that fill a picture up to a square have no edge: two pictures of one shape have nothing in common.

Source: difference of Gaussians: Marr, Hildreth 1980, https://doi.org/10.1098/rspb.1980.0020; division by the local
    strength: Jarrett et al. 2009, sect. 2, https://doi.org/10.1109/ICCV.2009.5459469
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

Floats = NDArray[np.float32]

SIDE_PX = 64
"""Side at which images are compared."""
FINE_PX, COARSE_PX = 1.0, 3.0
"""Standard deviations of the two Gaussians, in pixels of an image of SIDE_PX pixels."""
AROUND_PX = 4.0
"""Standard deviation of the Gaussian window in which the strength around a pixel is measured."""
FLOOR = 0.15
"""Added to the squared strength, in units of the image's mean squared strength: flat places stay flat."""
FAINTEST = 1e-7
"""Squared strength, of network values, below which an image counts as constant."""
FLAT, FLAT_SHARE = 0.12, 0.4
"""Largest standard deviation of network values in a row or column that only fills an image up to a square, noise
included: by itself, and as a share of the image's."""
BAND_PX = SIDE_PX // 2
"""Side of a band after `halve`: of what is compared."""


def make_bands(images: Floats) -> Floats:
    """Returns the bands of images in network range (n, H, W), shape (n, SIDE_PX, SIDE_PX); zeros for constant ones.

    Source: see the module.
    """
    if images.shape[1:] != (SIDE_PX, SIDE_PX):
        images = np.stack([resize(image) for image in images])
    inside = find_picture(images)
    filled = fill_margins(images, inside)
    fine, coarse = (blur(filled, width) for width in (FINE_PX, COARSE_PX))
    band = (fine - coarse) * inside
    strength = blur(band**2, AROUND_PX)
    mean = strength.mean(axis=(1, 2), keepdims=True)
    equal: Floats = np.where(mean > FAINTEST, band / np.sqrt(strength + FLOOR * mean + FAINTEST), 0).astype(np.float32)
    return equal


def resize(image: Floats) -> Floats:
    """Returns an image (H, W) at the size of comparison, averaged where it gets smaller."""
    kind = Image.Resampling.BOX if image.shape[0] > SIDE_PX else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(image).resize((SIDE_PX, SIDE_PX), kind))


def find_picture(images: Floats) -> NDArray[np.bool_]:
    """Returns which pixels lie within the picture, shape (n, H, W): all but rows and columns that only fill it up.

    An image that is constant as a whole has no picture.

    Args:
        images: Network range, shape (n, H, W).
    """
    limit = np.minimum(FLAT, FLAT_SHARE * images.std(axis=(1, 2)))[:, None]
    rows, columns = (images.std(axis=axis) > limit for axis in (2, 1))
    return span(rows)[:, :, None] & span(columns)[:, None, :]


def span(marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Returns marks, shape (n, m), filled from the first to the last of each row."""
    after_first = np.logical_or.accumulate(marked, axis=1)
    before_last = np.logical_or.accumulate(marked[:, ::-1], axis=1)[:, ::-1]
    return after_first & before_last


def fill_margins(images: Floats, inside: NDArray[np.bool_]) -> Floats:
    """Returns images in which the picture's outermost pixels go on beyond it, so that its border is no edge.

    Args:
        images: Shape (n, H, W).
        inside: Pixels within the picture, a rectangle, shape (n, H, W).
    """
    filled = images.copy()
    for number, picture in enumerate(inside):
        rows, columns = np.flatnonzero(picture.any(axis=1)), np.flatnonzero(picture.any(axis=0))
        if len(rows) and len(rows) * len(columns) < picture.size:
            near = [np.arange(images.shape[1]).clip(places[0], places[-1]) for places in (rows, columns)]
            filled[number] = images[number][np.ix_(*near)]
    return filled


def halve(bands: Floats) -> Floats:
    """Returns bands (n, SIDE_PX, SIDE_PX) at half their side, averaged, shape (n, BAND_PX, BAND_PX)."""
    small: Floats = bands.reshape(len(bands), BAND_PX, 2, BAND_PX, 2).mean(axis=(2, 4))
    return small


def blur(images: Floats, width_px: float) -> Floats:
    """Returns images (n, H, W), each blurred by a Gaussian of that standard deviation."""
    blurred: Floats = gaussian_filter(images, (0, width_px, width_px), mode="nearest", output=np.float32)
    return blurred
