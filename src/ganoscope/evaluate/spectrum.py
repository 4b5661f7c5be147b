"""Power of images by spatial frequency: blur lowers the highest, and upsampling leaves peaks at fixed places.

Source: radial power of generated images: Durall, Keuper, Keuper 2020, sect. 3, https://arxiv.org/abs/2003.01826;
    checkerboards: Odena, Dumoulin, Olah 2016, https://doi.org/10.23915/distill.00003.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.evaluate.set_distance import draw_weights
from ganoscope.statistics.estimate import Estimate, make_estimate

Floats = NDArray[np.float64]
LEAST_POWER = 1e-12
"""Added to power, so that the logarithm of an empty image is finite."""
FINE = 0.5
"""Frequencies above this part of the highest one (half a cycle per pixel) show blur."""
PERIODS_PX = (2, 4)
"""Periods of checkerboards that upsampling by 2, once or twice, leaves."""


@dataclass(frozen=True)
class Spectra:
    """Power of each image of a set, in decibels are its logarithms.

    Attributes:
        radial: Mean power at each radius from 1 cycle per image to half a cycle per pixel, shape (N, R).
        peaks: Power at the places of checkerboards, shape (N, periods).
        around: Mean power around these places, same shape.
        groups: Group of each image, shape (N,).
    """

    radial: Floats
    peaks: Floats
    around: Floats
    groups: NDArray[np.str_]


def compute_spectra(images: NDArray[np.float32], groups: NDArray[np.str_]) -> Spectra:
    """Returns the power of images, whose ends are faded out by a Hann window.

    Args:
        images: Network range, shape (N, H, W), H = W of 16 px or more.
        groups: Group of each image, shape (N,).
    """
    size = images.shape[-1]
    window = np.hanning(size + 2)[1:-1]
    weights = np.outer(window, window)
    centred = images - (images * weights).sum(axis=(1, 2), keepdims=True) / weights.sum()
    power = np.abs(np.fft.fft2(centred * weights, axes=(1, 2))) ** 2 / (weights**2).sum()
    frequency = np.fft.fftfreq(size) * size
    radius = np.rint(np.hypot(frequency[:, None], frequency)).astype(np.int64)
    inside = (radius >= 1) & (radius <= size // 2)
    bins = np.eye(size // 2 + 1)[radius[inside]][:, 1:]
    radial = power[:, inside] @ bins / bins.sum(axis=0)
    peaks, around = zip(*(find_peak(power, period) for period in PERIODS_PX), strict=True)
    return Spectra(radial, np.stack(peaks, axis=1), np.stack(around, axis=1), groups)


def find_peak(power: Floats, period: int) -> tuple[Floats, Floats]:
    """Returns the mean power at the places of a checkerboard, and around them, shape (N,) each.

    Args:
        power: Shape (N, H, W), frequency 0 first.
        period: Pixels per cycle, along rows, columns or both.
    """
    size = power.shape[-1]
    step = size // period
    steps = np.arange(-3, 4)
    ring = [(down, right) for down in steps for right in steps if max(abs(down), abs(right)) == 3]
    places = [(step, 0), (0, step), (step, step)]
    peak = np.mean([power[:, row % size, column % size] for row, column in places], axis=0)
    near = [power[:, (row + down) % size, (column + right) % size] for row, column in places for down, right in ring]
    return peak, np.mean(near, axis=0)


def join_spectra(parts: list[Spectra]) -> Spectra:
    """Returns the spectra of several sets as one."""
    names = ("radial", "peaks", "around", "groups")
    return Spectra(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


@dataclass(frozen=True)
class SpectralDifference:
    """Differences between the mean power of two sets, in decibels: ten times the logarithm to base 10 of their ratio.

    Attributes:
        distance_db: Root of the mean square over radii.
        fine_db: Mean over the finest frequencies: below 0 where images are blurred.
        checkerboard_db: How much further the power at a checkerboard's place rises over that around it than in the
            reference, by period in pixels.
        by_radius_db: Difference at each radius, shape (R,).
    """

    distance_db: Estimate
    fine_db: Estimate
    checkerboard_db: dict[int, Estimate]
    by_radius_db: Floats


def compare_spectra(first: Spectra, reference: Spectra, seed: int) -> SpectralDifference:
    """Returns the differences of a set's mean power from that of a reference, with intervals over groups of both.

    Args:
        first: Spectra of generated images.
        reference: Spectra of real images.
        seed: Seed of the resampling.
    """
    weights = draw_weights(first.groups, seed), draw_weights(reference.groups, seed + 1)
    n = len(first.groups) + len(reference.groups)
    groups = len(np.unique(first.groups)) + len(np.unique(reference.groups))
    alone = np.ones((1, len(first.groups))), np.ones((1, len(reference.groups)))
    gap, drawn = (to_decibels(first.radial, one) - to_decibels(reference.radial, two) for one, two in (alone, weights))
    fine = slice(int(FINE * gap.shape[1]), None)
    rise, rises = (measure_rise(first, one) - measure_rise(reference, two) for one, two in (alone, weights))
    return SpectralDifference(
        distance_db=estimate_distance(gap[0], drawn, n, groups),
        fine_db=make_estimate(float(gap[0, fine].mean()), drawn[:, fine].mean(axis=1), n, groups),
        checkerboard_db={
            period: make_estimate(float(rise[0, place]), rises[:, place], n, groups)
            for place, period in enumerate(PERIODS_PX)
        },
        by_radius_db=gap[0],
    )


def estimate_distance(gap: Floats, drawn: Floats, n: int, groups: int) -> Estimate:
    """Returns the root of the mean square of differences over radii, with its interval.

    The resamples' squares exceed the value's by their variance, which is taken off.

    Args:
        gap: Difference at each radius, shape (R,).
        drawn: The same in each resample, shape (B, R).
        n: Number of images.
        groups: Number of groups.
    """
    squares = (drawn**2).mean(axis=1) - drawn.var(axis=0).mean()
    resampled = np.sqrt(squares.clip(min=0))
    found = make_estimate(float(np.sqrt((gap**2).mean())), resampled, n, groups)
    return Estimate(found.value, min(found.low, found.value), max(found.high, found.value), n, groups)


def to_decibels(power: Floats, weights: Floats) -> Floats:
    """Returns the mean power of resamples in decibels, shape (B, R), of power (N, R) and weights (B, N)."""
    return 10 * np.log10(weights @ power / weights.sum(axis=1, keepdims=True) + LEAST_POWER)


def measure_rise(spectra: Spectra, weights: Floats) -> Floats:
    """Returns how far the power at checkerboards' places rises over that around them, in decibels, (B, periods)."""
    return to_decibels(spectra.peaks, weights) - to_decibels(spectra.around, weights)
