"""Measures of all counterfactuals together: means with intervals, transfer to another classifier, and realism."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.evaluate.counterfactual.measures import NAMES, Measures
from ganoscope.evaluate.features import Features
from ganoscope.evaluate.fidelity.kernel_distance import measure_kernel_distance
from ganoscope.evaluate.set_distance import FEWEST, Distance
from ganoscope.statistics.bootstrap import estimate_mean
from ganoscope.statistics.estimate import Estimate
from ganoscope.statistics.proportion import compute_wilson_interval

SHARES = tuple(name for name in NAMES if "flip" in name and not name.endswith("strength"))
"""Measures that are 0 or 1 for each image."""
FEWEST_HALVED = 4
"""Smallest number of patients whose halves both have two patients."""

Summary = Mapping[str, Mapping[str, Estimate]]
"""Estimates by direction, such as `normal to pneumonia`, and measure."""


@dataclass(frozen=True)
class Findings:
    """Results over all images, for each direction on its own: a mean over both would hide that one of them fails.

    Attributes:
        summary: Means with intervals; measures that apply to no image of a direction are left out.
        transfer_margin: By direction: share of images whose counterfactual flips the independent classifier minus the
            share of those whose noise does; without entries if there is no such classifier.
    """

    summary: Summary
    transfer_margin: Mapping[str, Estimate]


def summarise(measures: Measures, directions: NDArray[np.str_], groups: Sequence[str], seed: int) -> Findings:
    """Returns the mean of every measure with its interval, for each direction.

    Args:
        measures: Measures of N images.
        directions: Direction of each image, shape (N,).
        groups: Patient or near-duplicate cluster of each image.
        seed: Seed of the resampling.
    """
    members = np.asarray(groups)
    sets = {name: directions == name for name in np.unique(directions).tolist()}
    summary = {
        name: {
            measure: estimate(measure, getattr(measures, measure)[chosen], members[chosen], seed)
            for measure in NAMES
            if np.isfinite(getattr(measures, measure)[chosen]).any()
        }
        for name, chosen in sets.items()
    }
    margin = measures.judge_flip - measures.attack_judge_flip
    margins = {
        name: estimate_margin(margin[chosen], members[chosen], seed)
        for name, chosen in sets.items()
        if np.isfinite(margin[chosen]).any()
    }
    return Findings(summary, margins)


def estimate(name: str, values: NDArray[np.float64], groups: NDArray[np.str_], seed: int) -> Estimate:
    """Returns the mean of one measure with its bootstrap interval over groups.

    Where a share is 0 or 1, resampling can't tell how certain that is: the interval is then Wilson's for as many images
    as there are groups. With a single group, other means have no interval.

    Args:
        name: Name of the measure.
        values: Value of each image, shape (N,); NaN is left out.
        groups: Group of each image, shape (N,).
        seed: Seed of the resampling.
    """
    found = estimate_mean(values, groups.tolist(), seed)
    if name in SHARES and found.value in (0.0, 1.0):
        low, high = compute_wilson_interval(found.value, found.groups)
        return Estimate(found.value, low, high, found.n, found.groups)
    return found if found.groups > 1 else Estimate(found.value, np.nan, np.nan, found.n, found.groups)


def estimate_margin(margin: NDArray[np.float64], groups: NDArray[np.str_], seed: int) -> Estimate:
    """Returns the mean of differences, each -1, 0 or 1, with its interval.

    Where all differences are equal, at least Wilson's lower share of them is, for as many images as there are groups;
    the rest may lie at either end.

    Args:
        margin: Difference of each image, shape (N,); NaN is left out.
        groups: Group of each image, shape (N,).
        seed: Seed of the resampling.
    """
    found = estimate("margin", margin, groups, seed)
    if found.groups < 2 or np.ptp(margin[np.isfinite(margin)]):
        return found
    share, _ = compute_wilson_interval(1.0, found.groups)
    low, high = (share * found.value + (1 - share) * end for end in (-1, 1))
    return Estimate(found.value, low, high, found.n, found.groups)


@dataclass(frozen=True)
class Realism:
    """Kernel distances to real images of the target domain, by one extractor.

    Attributes:
        counterfactuals: Distance of the translated images; its floor is that of real images.
        originals: Distance of the same images before translation.
    """

    counterfactuals: Distance
    originals: Distance


def measure_realism(
    counterfactuals: Features, originals: Features, real: Features, peer: Features | None, seed: int
) -> Realism | None:
    """Returns the distance of images from the target domain before and after translation; None with too few of them.

    Args:
        counterfactuals: Features of the translated images, grouped as the originals are.
        originals: Features of the original images.
        real: Features of real images of the target domain.
        peer: Features of real images of the target domain, of other patients; None for halves of `real`.
        seed: Seed of the resampling.
    """
    sets = [counterfactuals, originals, real, *([peer] if peer else [])]
    if not peer and len(np.unique(real.groups)) < FEWEST_HALVED:
        return None
    if any(len(one.values) < FEWEST or len(np.unique(one.groups)) < 2 for one in sets):
        return None
    first, second = (measure_kernel_distance(one, real, peer, seed) for one in (counterfactuals, originals))
    return Realism(first, second)
