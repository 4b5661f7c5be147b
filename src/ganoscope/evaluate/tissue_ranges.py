"""Distances of Hounsfield units within the range of each tissue, beside those between real patients.

A shift of soft tissue by 20 HU hardly changes the distance of whole histograms where half of the pixels are air: within
the range of a tissue it shows. All sets are reduced to equal numbers of groups for the floor.
"""

import numpy as np
from numpy.typing import NDArray

from ganoscope.contracts import Measured
from ganoscope.errors import describe, refuse
from ganoscope.evaluate.set_distance import DRAWS, draw_weights
from ganoscope.evaluate.units.hu_fidelity import (
    LEAST_SHARE,
    LOWEST_HU,
    HuHistogram,
    Tissue,
    compute_wasserstein,
    list_tissues,
)
from ganoscope.seeds import Stream, stream
from ganoscope.statistics.estimate import Estimate, compute_percentile_interval, compute_shifted_interval

WHOLE = "all"
"""Name of the distance of whole histograms."""
Floats = NDArray[np.float64]


def compute_range_distance(first: Floats, second: Floats, tissue: Tissue | None) -> Floats:
    """Returns the Wasserstein-1 distance in HU within the range of a tissue, shape (B,).

    It is NaN where either set has hardly a pixel in the range.

    Source: Vallender 1974, https://doi.org/10.1137/1118101

    Args:
        first: Histograms, shape (B, 4096).
        second: Histograms that they are compared with, same shape.
        tissue: The range; None for the whole histogram.
    """
    if tissue is None:
        return compute_wasserstein(first, second)
    inside = slice(tissue.low_hu - LOWEST_HU, tissue.high_hu - LOWEST_HU + 1)
    shares = [one[:, inside].sum(axis=1) / one.sum(axis=1) for one in (first, second)]
    there = (shares[0] >= LEAST_SHARE) & (shares[1] >= LEAST_SHARE)
    distances = np.full(len(first), np.nan)
    distances[there] = compute_wasserstein(first[there][:, inside], second[there][:, inside])
    return distances


def measure_ranges(found: HuHistogram, real: HuHistogram, peer: HuHistogram | None, seed: int) -> dict[str, Measured]:
    """Returns the distance of synthetic from real images by tissue, and of whole histograms as `WHOLE`.

    Args:
        found: Histograms of synthetic images.
        real: Histograms of members.
        peer: Histograms of real images of other patients, for the floor; None for halves of the members.
        seed: Seed of resamples and draws.

    Raises:
        UserError: A set has too few groups.
    """
    sets = [found.counts, real.counts, *([peer.counts] if peer else [])]
    fewest = min(len(one) for one in sets)
    refuse([describe("too few patients for a floor of HU", fewest, "2 or more", "Take more.")] if fewest < 2 else [])
    ranges: dict[str, Tissue | None] = {WHOLE: None} | {one.name: one for one in list_tissues(found.window)}
    counted = found.images + real.images, len(sets[0]) + len(sets[1])
    measured = {name: measure_range(sets, tissue, counted, seed) for name, tissue in ranges.items()}
    return {name: one for name, one in measured.items() if one is not None}


def measure_range(sets: list[Floats], tissue: Tissue | None, counted: tuple[int, int], seed: int) -> Measured | None:
    """Returns the distance within one range, with its interval and its floor; None where a set has none of the tissue.

    Args:
        sets: Histograms by group of synthetic images, members and, where there are any, others, shape (G, 4096) each.
        tissue: The range; None for the whole histogram.
        counted: Number of images, and of groups.
        seed: Seed of resamples and draws.
    """
    first, second = sets[:2]
    value = float(compute_range_distance(first.sum(0, keepdims=True), second.sum(0, keepdims=True), tissue)[0])
    weights = [draw_weights(np.arange(len(one)), seed + place) for place, one in enumerate((first, second))]
    drawn = compute_range_distance(weights[0] @ first, weights[1] @ second, tissue)
    reals, own, groups = draw_floor(sets, tissue, seed)
    if not np.isfinite(value) or not np.isfinite(drawn).any() or not len(reals):
        return None
    low, high = compute_shifted_interval(drawn[np.isfinite(drawn)], value)
    floor = Estimate(float(np.mean(reals)), *compute_percentile_interval(reals), 2 * groups, 2 * groups)
    estimate = Estimate(value, max(0.0, low), high, counted[1], counted[1])
    return Measured(estimate, floor, "lower", at_floor_size=float(np.mean(own)))


def draw_floor(sets: list[Floats], tissue: Tissue | None, seed: int) -> tuple[Floats, Floats, int]:
    """Returns distances at equal numbers of groups, over random draws, shape (R,) each, and that number.

    The first are of real images from real images of other patients, the second of synthetic images from the same.

    Args:
        sets: As in `measure_range`.
        tissue: The range; None for the whole histogram.
        seed: Seed of the draws.
    """
    rng = stream(seed, Stream.TISSUE_FLOOR_HALVES)
    reals, own = [], []
    for _ in range(DRAWS):
        order = rng.permutation(len(sets[1]))
        half = len(order) // 2
        reference, other = (sets[1], sets[2]) if len(sets) > 2 else (sets[1][order[:half]], sets[1][order[half:]])
        groups = min(len(reference), len(other), len(sets[0]))
        parts = [one[rng.permutation(len(one))[:groups]].sum(0, keepdims=True) for one in (reference, other, sets[0])]
        reals.append(float(compute_range_distance(parts[1], parts[0], tissue)[0]))
        own.append(float(compute_range_distance(parts[2], parts[0], tissue)[0]))
    finite = np.isfinite(reals) & np.isfinite(own)
    return np.array(reals)[finite], np.array(own)[finite], groups
