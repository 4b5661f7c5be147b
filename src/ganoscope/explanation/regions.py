"""Where heat maps lie: inside the anatomy, on its boundary, in the background.

The anatomy is what stands out from the background by Otsu's threshold: the head of a brain MRI, the body on a chest
film. It is an outline, not a segmentation of organs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ganoscope.statistics.bootstrap import estimate_difference, estimate_mean
from ganoscope.statistics.estimate import Estimate

REGIONS = ("inside", "boundary", "background")
BACKGROUND, BOUNDARY, INSIDE = 2, 1, 0
"""Codes in a region picture: positions in `REGIONS`."""

BAND = 0.03
"""Half width of the boundary, and radius of the gaps that are closed, relative to the picture's side."""

MARGIN_HIGHEST = -0.95
"""Highest value of a black margin in network range: generated padding is not quite -1."""

MIN_COMPONENT = 0.1
"""Parts below this share of the largest part's area are letters or specks, not anatomy."""


@dataclass(frozen=True)
class Attention:
    """Where the maps of one set lie, per image.

    Attributes:
        shares: Share of each map's total in `REGIONS`, shape (N, 3), rows sum to 1; NaN for empty maps.
        areas: Share of the picture's area, shape (N, 3): what a map without any preference would have.
        groups: Group of each image.
    """

    shares: NDArray[np.float64]
    areas: NDArray[np.float64]
    groups: Sequence[str]

    @property
    def empty(self) -> int:
        """Number of empty maps; they take no part in the shares."""
        return int(np.isnan(self.shares[:, 0]).sum())


def compute_otsu(image: NDArray[np.floating]) -> float:
    """Returns the threshold that separates two classes of grey best: it maximises the variance between them.

    sigma_B^2(t) = (mu_T w(t) - mu(t))^2 / (w(t) (1 - w(t))), over a histogram of 256 bins.

    Args:
        image: Any shape and range.

    Returns:
        The upper edge of the darker class.

    Source: Otsu 1979, "A Threshold Selection Method from Gray-Level Histograms", eq. 18,
        https://doi.org/10.1109/TSMC.1979.4310076
    """
    counts, edges = np.histogram(image, bins=256)
    share = counts / counts.sum()
    centres = (edges[1:] + edges[:-1]) / 2
    weight, mean = np.cumsum(share)[:-1], np.cumsum(share * centres)[:-1]
    distance, spread = (np.sum(share * centres) * weight - mean) ** 2, weight * (1 - weight)
    between = np.divide(distance, spread, out=np.zeros_like(spread), where=spread > 1e-12)
    return float(edges[1:][np.argmax(between)])


def find_anatomy(image: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Returns the anatomy's outline, filled, shape (H, W): above Otsu's threshold, gaps closed, specks removed.

    Args:
        image: Shape (H, W), any range, bright anatomy on dark background.
    """
    radius = band_width(min(image.shape))
    bright = np.pad(image > compute_otsu(image), radius, mode="edge")
    closed = ndimage.binary_closing(np.pad(bright, radius), make_disk(radius))[radius:-radius, radius:-radius]
    filled = ndimage.binary_fill_holes(closed)[radius:-radius, radius:-radius]
    parts, count = ndimage.label(filled)
    if not count:
        return filled
    areas = np.bincount(parts.ravel())
    areas[0] = 0
    return (areas >= MIN_COMPONENT * areas.max())[parts] & filled


def band_width(size: int) -> int:
    """Returns the half width of the boundary in pixels: 2 for 64.

    Example:
        >>> band_width(64), band_width(256)
        (2, 8)
    """
    return max(1, round(BAND * size))


def make_disk(radius: int) -> NDArray[np.bool_]:
    """Returns a disk as a structuring element, shape (2 radius + 1, 2 radius + 1)."""
    y, x = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    return x * x + y * y <= radius * radius


def split_regions(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Returns the region of every pixel as its position in `REGIONS`, shape (H, W).

    The boundary is the band within `band_width` of the mask's contour, on both sides; the picture's frame is
    no contour.
    """
    regions = np.where(mask, INSIDE, BACKGROUND).astype(np.uint8)
    if mask.any() and not mask.all():
        inwards, outwards = ndimage.distance_transform_edt(mask), ndimage.distance_transform_edt(~mask)
        regions[np.maximum(inwards, outwards) <= band_width(min(mask.shape))] = BOUNDARY
    return regions


def find_margin(image: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Returns the dark bars at the picture's edges, shape (H, W): rows and columns that are black throughout.

    These are what was padded, or air beside the body.

    Args:
        image: Shape (H, W), -1 (lowest stored value) to 1.
    """
    dark = image <= MARGIN_HIGHEST
    rows, columns = (
        np.logical_and.accumulate(lines) | np.logical_and.accumulate(lines[::-1])[::-1]
        for lines in (np.asarray(dark.all(1)), np.asarray(dark.all(0)))
    )
    return np.logical_or.outer(rows, columns)


def measure_share(maps: NDArray[np.floating], masks: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Returns the share of each map's total inside a mask, shape (N,); NaN for empty maps. Both are (N, H, W)."""
    total = maps.sum((1, 2), dtype=np.float64)
    inside = np.where(masks, maps, 0).sum((1, 2), dtype=np.float64)
    return np.divide(inside, total, out=np.full_like(total, np.nan), where=total > 0)


def compute_shares(maps: NDArray[np.floating], regions: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Returns the share of each map's total in each region, shape (N, 3); NaN for empty maps.

    Args:
        maps: Shape (N, H, W), 0 or above.
        regions: Shape (N, H, W), positions in `REGIONS`.
    """
    return np.stack([measure_share(maps, regions == code) for code in range(len(REGIONS))], axis=1)


def measure_attention(maps: NDArray[np.floating], regions: NDArray[np.uint8], groups: Sequence[str]) -> Attention:
    """Returns where maps lie.

    Args:
        maps: Shape (N, H, W), 0 or above.
        regions: Shape (N, H, W), positions in `REGIONS`.
        groups: Group of each image.
    """
    return Attention(compute_shares(maps, regions), compute_shares(np.ones_like(maps), regions), groups)


@dataclass(frozen=True)
class RegionSummary:
    """One region over one set of images.

    Attributes:
        share: Share of attention, with its interval.
        area: Share of area, with its interval, over the same images.
        excess: Share of attention minus share of area, of the same images: 0 is no preference.
        enrichment: share / area: 1 is no preference; NaN for a region without area.
    """

    share: Estimate
    area: Estimate
    excess: Estimate
    enrichment: float


def summarise(attention: Attention, seed: int) -> dict[str, RegionSummary]:
    """Returns the statistics of a set by region; images with empty maps take no part. `seed` is the bootstrap's."""
    return {
        region: summarise_region(attention.shares[:, code], attention.areas[:, code], attention.groups, seed)
        for code, region in enumerate(REGIONS)
    }


def summarise_region(
    shares: NDArray[np.float64], areas: NDArray[np.float64], groups: Sequence[str], seed: int
) -> RegionSummary:
    """Returns the statistics of one region.

    Args:
        shares: Share of each map's total inside it, shape (N,); NaN for empty maps.
        areas: Share of the picture's area, shape (N,).
        groups: Group of each image.
        seed: Random seed of the bootstrap.
    """
    areas = np.where(np.isfinite(shares), areas, np.nan)
    share, area, excess = (estimate_mean(values, groups, seed) for values in (shares, areas, shares - areas))
    return RegionSummary(share, area, excess, share.value / area.value if area.value > 0 else np.nan)


def compare(real: Attention, generated: Attention, seed: int) -> dict[str, Estimate]:
    """Returns the difference of the shares, real minus generated, by region.

    Args:
        real: Where the maps of real images lie.
        generated: Where those of generated images lie.
        seed: Random seed of the bootstrap.
    """
    return {
        region: estimate_difference(
            real.shares[:, code], generated.shares[:, code], real.groups, generated.groups, seed
        )
        for code, region in enumerate(REGIONS)
    }
