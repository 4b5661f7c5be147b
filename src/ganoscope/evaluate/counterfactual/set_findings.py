"""What the measures of all counterfactuals say together: means with intervals, realism, and what to be warned of."""

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
"""Measures that are 0 or 1 for every image."""
ALL = "all"
FEWEST_HALVED = 4
"""Patients of the target domain that can be halved, so that both halves have two."""

Summary = Mapping[str, Mapping[str, Estimate]]
"""Estimates by set of images (`all`, or `to` a target class) and measure."""


@dataclass(frozen=True)
class Findings:
    """What was found over all images.

    Attributes:
        summary: Means with intervals; measures that apply to no image of a set are left out.
        transfer_margin: How much more often the counterfactuals than the noise flip the independent classifier; None
            without one.
    """

    summary: Summary
    transfer_margin: Estimate | None


def summarise(measures: Measures, targets: NDArray[np.str_], groups: Sequence[str], seed: int) -> Findings:
    """Returns the mean of every measure with its interval: for all images, and for each target class.

    Args:
        measures: Of N images.
        targets: Name of the target class of each, shape (N,).
        groups: Patient or near-duplicate cluster of each.
        seed: Of the resampling.
    """
    members = np.asarray(groups)
    sets = {ALL: np.ones(len(targets), bool)}
    names = np.unique(targets).tolist()
    sets |= {f"to {name}": targets == name for name in names} if len(names) > 1 else {}
    summary = {
        name: {
            measure: estimate(measure, getattr(measures, measure)[chosen], members[chosen], seed)
            for measure in NAMES
            if np.isfinite(getattr(measures, measure)[chosen]).any()
        }
        for name, chosen in sets.items()
    }
    margin = measures.judge_flip - measures.attack_judge_flip
    return Findings(summary, estimate_margin(margin, members, seed) if np.isfinite(margin).any() else None)


def estimate(name: str, values: NDArray[np.float64], groups: NDArray[np.str_], seed: int) -> Estimate:
    """Returns the mean of one measure with its bootstrap interval over groups.

    Where every image agrees on yes or no, resampling can't tell how certain that is: the interval is then Wilson's for
    as many images as there are groups. Of one group alone, other means have no interval.
    """
    found = estimate_mean(values, groups.tolist(), seed)
    if name in SHARES and found.value in (0.0, 1.0):
        low, high = compute_wilson_interval(found.value, found.groups)
        return Estimate(found.value, low, high, found.n, found.groups)
    return found if found.groups > 1 else Estimate(found.value, np.nan, np.nan, found.n, found.groups)


def estimate_margin(margin: NDArray[np.float64], groups: NDArray[np.str_], seed: int) -> Estimate:
    """Returns the mean of differences, each -1, 0 or 1, with its interval.

    Where all are alike, at least Wilson's lower share of them is, for as many images as there are groups; the rest may
    lie at either end.
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
        counterfactuals: Of the translated images; its floor is what real images measure.
        originals: Of the same images before they were translated.
    """

    counterfactuals: Distance
    originals: Distance


def measure_realism(
    counterfactuals: Features, originals: Features, real: Features, peer: Features | None, seed: int
) -> Realism | None:
    """Returns how far images are from the target domain before and after; None where there are too few of them.

    Args:
        counterfactuals: Features of the translated images, grouped as the originals are.
        originals: Of the images that they come from.
        real: Of real images of the target domain.
        peer: Of real images of the target domain, of other patients.
        seed: Of the resampling.
    """
    sets = [counterfactuals, originals, real, *([peer] if peer else [])]
    if not peer and len(np.unique(real.groups)) < FEWEST_HALVED:
        return None
    if any(len(one.values) < FEWEST or len(np.unique(one.groups)) < 2 for one in sets):
        return None
    first, second = (measure_kernel_distance(one, real, peer, seed) for one in (counterfactuals, originals))
    return Realism(first, second)
