"""Error of Hounsfield units in generated or translated CT: by tissue, and over the whole histogram.

Unpaired sets have no correct value for a pixel, only a correct distribution: translated images are compared with real
images of the target domain. For reference, the same is measured on the images before translation, and between two
halves of the real images. Where the correct image is known, as for phantoms, pixels are compared.

A range of HU is not a tissue: bone holds contrast medium too, and what lies between lung and fat is mostly borders.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ganoscope.contracts import Measured, Need
from ganoscope.data.picture import PADDING_HU
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.errors import describe, refuse
from ganoscope.evaluate.comparison import Comparison, require
from ganoscope.evaluate.set_distance import DRAWS, draw_weights
from ganoscope.seeds import Stream, stream
from ganoscope.statistics.bootstrap import estimate_mean
from ganoscope.statistics.estimate import (
    Estimate,
    compute_percentile_interval,
    compute_shifted_interval,
    make_estimate,
)

NAME = "hu_wasserstein"
NEEDS: frozenset[Need] = frozenset({"generated", "held_out", "hu"})

BATCH = 64
LOWEST_HU, HIGHEST_HU = -1024, 3071
"""Ends of the histograms, in bins of 1 HU: the range of 12 bits. Values beyond count at the ends."""
SURELY_AIR_HU, SURELY_BONE_HU = -1000, 1000
"""HU that the networks' window must reach for air and for bone to be compared: little of them is then clipped."""
MOST_GROUPS = 1000
"""Largest number of groups that are resampled: with more patients, several share a group, and memory stays constant."""
LEAST_SHARE = 1e-3
"""Share of the pixels that a tissue must have in both sets to be compared."""


@dataclass(frozen=True)
class Tissue:
    """A range of HU, both ends included.

    Attributes:
        name: Tissue that most pixels in the range belong to.
        low_hu: Lower end of the range.
        high_hu: Upper end of the range.
    """

    name: str
    low_hu: int
    high_hu: int


TISSUES = (
    Tissue("air", LOWEST_HU, -951),
    Tissue("lung", -950, -501),
    Tissue("fat", -190, -30),
    Tissue("soft tissue", -29, 150),
    Tissue("bone", 151, HIGHEST_HU),
)
"""Source: fat and soft tissue are the ranges of adipose tissue and muscle in body composition, Aubrey et al. 2014,
https://doi.org/10.1111/apha.12224; -950 is the border of emphysema, Gevenois et al. 1996,
https://doi.org/10.1164/ajrccm.154.1.8680679. The upper end of lung, and that all above soft tissue is bone, are this
project's own."""


@dataclass
class HuHistogram:
    """HU histograms of a set of images, by patient; their size does not grow with the number of images.

    Attributes:
        window: Map between HU and network range; values outside are clipped, as they are for the networks.
        numbers: Number of each group in order of appearance, modulo `MOST_GROUPS`.
        by_group: Counts of every HU, shape (4096,), by number of the group.
        images: Number of images counted.
    """

    window: IntensityMap
    numbers: dict[str, int] = field(default_factory=dict)
    by_group: dict[int, NDArray[np.int64]] = field(default_factory=dict)
    images: int = 0

    def add(self, pixels: NDArray[np.generic], groups: Sequence[str]) -> None:
        """Counts the measured pixels of images (B, H, W) in HU; `groups` names the group of each image."""
        for one, group in zip(pixels, groups, strict=True):
            counts = count_hu(one, self.window)
            number = self.numbers.setdefault(group, len(self.numbers) % MOST_GROUPS)
            self.by_group[number] = self.by_group[number] + counts if number in self.by_group else counts
            self.images += 1

    @property
    def counts(self) -> NDArray[np.float64]:
        """Counts by group, shape (G, 4096)."""
        return np.stack(list(self.by_group.values())).astype(np.float64)


def count_hu(pixels: NDArray[np.generic], window: IntensityMap) -> NDArray[np.int64]:
    """Returns how many measured pixels have each HU, clipped to the window, shape (4096,)."""
    measured = pixels[pixels != PADDING_HU].astype(np.float64)
    clipped = np.clip(measured, max(window.low, LOWEST_HU), min(window.high, HIGHEST_HU))
    return np.bincount(np.rint(clipped).astype(np.int64) - LOWEST_HU, minlength=HIGHEST_HU - LOWEST_HU + 1)


def list_tissues(window: IntensityMap) -> tuple[Tissue, ...]:
    """Returns the tissues that the networks' window does not clip, apart from a little of air and bone.

    Example:
        >>> [tissue.name for tissue in list_tissues(IntensityMap(-160, 240, "HU", "int16"))]
        ['soft tissue']
    """
    return tuple(
        tissue
        for tissue in TISSUES
        if window.low <= max(tissue.low_hu, SURELY_AIR_HU) and window.high >= min(tissue.high_hu, SURELY_BONE_HU)
    )


@dataclass(frozen=True)
class HuDistance:
    """Difference of a set of images from real images of the target domain.

    Attributes:
        wasserstein_hu: Wasserstein-1 distance of the histograms.
        tissue_error_hu: Mean HU in a tissue's range minus the real images' mean, by tissue.
        tissue_share: Share of the measured pixels in a tissue's range minus the real images' share, by tissue.
        mean_error_hu: Mean absolute tissue error.
    """

    wasserstein_hu: Estimate
    tissue_error_hu: Mapping[str, Estimate]
    tissue_share: Mapping[str, Estimate]
    mean_error_hu: Estimate


def compare_histograms(images: HuHistogram, real: HuHistogram, seed: int = 0) -> HuDistance:
    """Returns the difference of a set of images from real ones, with intervals over the patients of both sets.

    Source: the Wasserstein-1 distance on a line is the area between the distribution functions, Vallender 1974,
        https://doi.org/10.1137/1118101

    Args:
        images: Translated images, or the same images before translation.
        real: Real images of the target domain.
        seed: Seed of the resampling.

    Raises:
        UserError: A set is empty, or the windows differ.
    """
    faults = [
        describe(f"no {name} to compare HU of", 0, "1 or more", "Take some.")
        for name, one in (("images", images), ("real images", real))
        if not one.images
    ]
    if images.window != real.window:
        faults.append(describe("HU windows differ", images.window, str(real.window), "Prepare both the same way."))
    refuse(faults)
    first, second = images.counts, real.counts
    sets = (first.sum(0, keepdims=True), second.sum(0, keepdims=True))
    weights = [draw_weights(np.arange(len(one)), seed + place) for place, one in enumerate((first, second))]
    n, groups = images.images, len(first)
    alone = np.nan if groups < 2 else 1.0  # one patient can't be resampled: no interval
    drawn = (alone * weights[0] @ first, weights[1] @ second)
    value = float(compute_wasserstein(*sets)[0])
    low, high = compute_shifted_interval(compute_wasserstein(*drawn), value)
    errors, shares = {}, {}
    for tissue in list_tissues(images.window):
        error, share = compare_tissue(*sets, tissue)
        errors_drawn, shares_drawn = compare_tissue(*drawn, tissue)
        if np.isfinite(error[0]):
            errors[tissue.name] = make_estimate(float(error[0]), errors_drawn, n, groups)
        shares[tissue.name] = make_estimate(float(share[0]), shares_drawn, n, groups)
    return HuDistance(
        wasserstein_hu=Estimate(value, float(np.maximum(0.0, low)), high, n, groups),
        tissue_error_hu=errors,
        tissue_share=shares,
        mean_error_hu=estimate_mean_error(images.window, sets, drawn, list(errors), (n, groups)),
    )


def compute_wasserstein(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the Wasserstein-1 distance in HU of histograms (B, 4096) and (B, 4096), shape (B,)."""
    gap = np.cumsum(first / first.sum(1, keepdims=True) - second / second.sum(1, keepdims=True), axis=1)
    distance: NDArray[np.float64] = np.abs(gap).sum(axis=1)
    return distance


def compare_tissue(
    first: NDArray[np.float64], second: NDArray[np.float64], tissue: Tissue
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns the differences of mean HU and of shares of the pixels in a tissue's range, shape (B,) each.

    The difference of means is NaN where either set has hardly a pixel in the range.

    Args:
        first: Histograms, shape (B, 4096).
        second: Histograms that are subtracted, same shape.
        tissue: The range.
    """
    inside = slice(tissue.low_hu - LOWEST_HU, tissue.high_hu - LOWEST_HU + 1)
    values = np.arange(tissue.low_hu, tissue.high_hu + 1, dtype=np.float64)
    means, shares = [], []
    for counts in (first, second):
        number = counts[:, inside].sum(axis=1)
        share = number / counts.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            means.append(np.where(share >= LEAST_SHARE, counts[:, inside] @ values / number, np.nan))
        shares.append(share)
    return means[0] - means[1], shares[0] - shares[1]


def estimate_mean_error(
    window: IntensityMap,
    sets: tuple[NDArray[np.float64], NDArray[np.float64]],
    drawn: tuple[NDArray[np.float64], NDArray[np.float64]],
    names: Sequence[str],
    counts: tuple[int, int],
) -> Estimate:
    """Returns the mean over the named tissues of the absolute difference of means, with its interval.

    Args:
        window: Window of the histograms.
        sets: Histograms of all images and of all real ones, shape (1, 4096) each.
        drawn: Histograms of their resamples, shape (R, 4096) each.
        names: Names of the tissues.
        counts: Numbers of images and groups.
    """
    chosen = [tissue for tissue in list_tissues(window) if tissue.name in names]
    if not chosen:
        return Estimate(np.nan, np.nan, np.nan, *counts)
    value, resampled = (
        np.mean([np.abs(compare_tissue(images, real, tissue)[0]) for tissue in chosen], 0)
        for images, real in (sets, drawn)
    )
    finite = resampled[np.isfinite(resampled)]
    low, high = compute_shifted_interval(finite, float(value[0])) if len(finite) else (np.nan, np.nan)
    return Estimate(float(value[0]), float(np.maximum(0.0, low)), high, *counts)


def measure_floor(real: HuHistogram, seed: int = 0) -> Estimate | None:
    """Returns the Wasserstein-1 distance in HU between halves of real patients; None with fewer than two of them.

    The value is the mean over random halves, the interval holds 95% of them.
    """
    counts, rng = real.counts, stream(seed, Stream.HU_FLOOR_HALVES)
    if len(counts) < 2:
        return None
    distances = []
    for _ in range(DRAWS):
        order = rng.permutation(len(counts))
        halves = (counts[half].sum(0, keepdims=True) for half in np.array_split(order, 2))
        distances.append(float(compute_wasserstein(*halves)[0]))
    return Estimate(float(np.mean(distances)), *compute_percentile_interval(distances), real.images, len(counts))


def measure(evidence: Comparison) -> Measured:
    """Returns the Wasserstein-1 distance in HU of generated from held-out images; its floor is that of real halves.

    Args:
        evidence: Holds generated and held-out images, and the map between HU and network range.

    Raises:
        UserError: Something is missing, or a set is empty.
    """
    found, real = count_sets(evidence)
    return Measured(
        compare_histograms(found, real, evidence.seed).wasserstein_hu, measure_floor(real, evidence.seed), "lower"
    )


def count_sets(evidence: Comparison) -> tuple[HuHistogram, HuHistogram]:
    """Returns the HU histograms of generated and of held-out images, both as they are in network range.

    Raises:
        UserError: One of the sets, or the map to HU, is missing.
    """
    window, images = require(evidence.hu, "hu"), require(evidence.generated, "generated").images
    held_out, groups = require(evidence.held_out, "held_out"), require(evidence.held_out, "held_out").groups
    found, real = HuHistogram(window), HuHistogram(window)
    found.add(window.to_pixels(images[:, 0]), [str(number) for number in range(len(images))])
    for start in range(0, len(groups), BATCH):
        part = slice(start, start + BATCH)
        pixels = window.to_pixels(held_out.store.load_images(held_out.indices[part])[:, 0])
        real.add(pixels, groups[part].tolist())
    return found, real


@dataclass(frozen=True)
class PairedError:
    """Pixel errors where the correct image is known; intervals over patients.

    Attributes:
        absolute_hu: Mean absolute error over all measured pixels.
        tissue_absolute_hu: The same over the pixels that are in a tissue's range in the correct image, by tissue.
        tissue_bias_hu: Mean error over the same pixels, by tissue.
    """

    absolute_hu: Estimate
    tissue_absolute_hu: Mapping[str, Estimate]
    tissue_bias_hu: Mapping[str, Estimate]


def compare_pairs(
    pixels: NDArray[np.generic], right: NDArray[np.generic], groups: Sequence[str], seed: int = 0
) -> PairedError:
    """Returns the errors of images whose correct version is known.

    Args:
        pixels: HU, shape (N, H, W).
        right: Correct HU, same shape; pixels that were not measured are left out.
        groups: Patient of each image.
        seed: Seed of the resampling.
    """
    true = right.astype(np.float64)
    error = np.where(right == PADDING_HU, np.nan, pixels.astype(np.float64) - true)

    def summarise(chosen: NDArray[np.bool_], values: NDArray[np.float64]) -> Estimate:
        """Returns the mean over images of each image's mean over the chosen pixels, shape (N, H, W) each."""
        counted = chosen & np.isfinite(values)
        with np.errstate(invalid="ignore"):
            means = np.where(counted, values, 0).sum(axis=(1, 2)) / counted.sum(axis=(1, 2))
        return estimate_mean(means, list(groups), seed)

    ranges = {tissue.name: (true >= tissue.low_hu) & (true <= tissue.high_hu) for tissue in TISSUES}
    there = {name: chosen for name, chosen in ranges.items() if chosen.any()}
    return PairedError(
        absolute_hu=summarise(np.ones(error.shape, bool), np.abs(error)),
        tissue_absolute_hu={name: summarise(chosen, np.abs(error)) for name, chosen in there.items()},
        tissue_bias_hu={name: summarise(chosen, error) for name, chosen in there.items()},
    )
