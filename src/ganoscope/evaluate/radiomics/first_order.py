"""Statistics of intensities, and of their histogram.

Source: IBSI, https://arxiv.org/abs/1612.07003, sect. 3.3 and 3.4.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SPREAD = ("mean", "variance", "skewness", "kurtosis", "median", "minimum", "percentile_10", "percentile_90", "maximum")
DEVIATIONS = (
    *("interquartile_range", "range", "mean_absolute_deviation", "robust_mean_absolute_deviation"),
    *("median_absolute_deviation", "coefficient_of_variation", "quartile_coefficient_of_dispersion"),
)
STATISTICS = (*SPREAD, *DEVIATIONS, "energy", "root_mean_square")
HISTOGRAM = (
    *SPREAD,
    *DEVIATIONS,
    *("mode", "entropy", "uniformity"),
    *("maximum_gradient", "maximum_gradient_level", "minimum_gradient", "minimum_gradient_level"),
)


def divide(numerator: Floats, denominator: Floats) -> Floats:
    """Returns the quotients, 0 where the denominator is 0."""
    safe = np.where(denominator == 0, 1.0, denominator)
    return np.where(denominator == 0, 0.0, numerator / safe)


def compute_entropy(shares: Floats) -> Floats:
    """Returns -sum p log2 p over the last axis of shares, shape (N, K), as shape (N,)."""
    return -(shares * np.log2(np.where(shares > 0, shares, 1.0))).sum(axis=-1)


def compute_statistics(values: Floats) -> dict[str, Floats]:
    """Returns the statistics of intensities by name, shape (N,) each, in the order of `STATISTICS`.

    Skewness, kurtosis and the coefficients are 0 where they are not defined, such as for a constant image.

    Args:
        values: Intensities, shape (N, P); NaN outside of the region.
    """
    energy = np.nansum(values**2, axis=1)
    count = np.isfinite(values).sum(axis=1)
    return {**describe_distribution(values), "energy": energy, "root_mean_square": np.sqrt(energy / count)}


def describe_distribution(values: Floats) -> dict[str, Floats]:
    """Returns what statistics of intensities and of histograms share, by name, shape (N,) each.

    Args:
        values: Intensities or levels, shape (N, P); NaN outside of the region.
    """
    mean = np.nanmean(values, axis=1)
    centred = values - mean[:, None]
    variance, third, fourth = (np.nanmean(centred**power, axis=1) for power in (2, 3, 4))
    cuts = compute_percentiles(values, (10, 25, 50, 75, 90))
    low, first, median, third_quartile, high = cuts
    least, most = np.nanmin(values, axis=1), np.nanmax(values, axis=1)
    inner = np.where((values >= low[:, None]) & (values <= high[:, None]), values, np.nan)
    inner_centred = inner - np.nanmean(inner, axis=1)[:, None]
    found = (mean, variance, divide(third, variance**1.5), divide(fourth, variance**2) - 3 * (variance > 0), median)
    deviations = (
        third_quartile - first,
        most - least,
        np.nanmean(np.abs(centred), axis=1),
        np.nanmean(np.abs(inner_centred), axis=1),
        np.nanmean(np.abs(values - median[:, None]), axis=1),
        divide(np.sqrt(variance), mean),
        divide(third_quartile - first, third_quartile + first),
    )
    return dict(zip((*SPREAD, *DEVIATIONS), (*found, least, low, high, most, *deviations), strict=True))


def compute_percentiles(values: Floats, places: tuple[int, ...]) -> Floats:
    """Returns percentiles, shape (places, N), of values (N, P) with NaN outside of the region.

    Values are sorted once, NaN last; between two values it is interpolated linearly.
    """
    order = np.sort(values, axis=1)
    last = np.isfinite(values).sum(axis=1) - 1
    found = []
    for place in places:
        position = last * place / 100
        below = np.floor(position).astype(np.int64)
        rows = np.arange(len(values))
        lower, upper = order[rows, below], order[rows, np.minimum(below + 1, last)]
        found.append(lower + (position - below) * (upper - lower))
    return np.stack(found)


def count_levels(levels: NDArray[np.int64], number: int) -> Floats:
    """Returns how many pixels have each level from 1 to `number`, shape (N, number), of levels (N, ...)."""
    flat = levels.reshape(len(levels), -1)
    keys = flat + (number + 1) * np.arange(len(flat))[:, None]
    counts = np.bincount(keys.ravel(), minlength=len(flat) * (number + 1)).reshape(len(flat), number + 1)
    return counts[:, 1:].astype(np.float64)


def compute_histogram_features(levels: NDArray[np.int64], number: int) -> dict[str, Floats]:
    """Returns the features of the histogram of levels by name, shape (N,) each, in the order of `HISTOGRAM`.

    Gradients are central differences, one-sided at the ends. Of several most frequent levels, the lowest is the mode.

    Args:
        levels: Levels from 1 to `number`, shape (N, H, W); 0 outside of the region.
        number: Number of levels.
    """
    counts = count_levels(levels, number)
    flat = levels.reshape(len(levels), -1)
    shares = counts / counts.sum(axis=1, keepdims=True)
    gradient = np.gradient(counts, axis=1)
    return {
        **describe_distribution(np.where(flat > 0, flat, np.nan)),
        "mode": counts.argmax(axis=1) + 1.0,
        "entropy": compute_entropy(shares),
        "uniformity": (shares**2).sum(axis=1),
        "maximum_gradient": gradient.max(axis=1),
        "maximum_gradient_level": gradient.argmax(axis=1) + 1.0,
        "minimum_gradient": gradient.min(axis=1),
        "minimum_gradient_level": gradient.argmin(axis=1) + 1.0,
    }
