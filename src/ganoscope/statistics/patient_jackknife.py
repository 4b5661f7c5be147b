"""Jackknife over patients: how much a mean over splits depends on who was tested.

The models stay fixed. A patient who is tested in several splits is left out of all of them at once.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ganoscope.statistics.auroc import compute_macro_auroc
from ganoscope.statistics.bootstrap import BLOCK_VALUES
from ganoscope.statistics.corrected_t import MeanDifference
from ganoscope.statistics.estimate import LEVEL
from ganoscope.statistics.patient_bootstrap import HeldOut, number_patients

Floats = NDArray[np.float64]
Measure = Callable[[NDArray[np.int64], Floats, Floats], Floats]
"""A metric of (labels, (N,); answers, (N, K); weights, (R, N)) for every row of weights, (R,); NaN where undefined."""

BLOCKS = 400
"""Patients are left out one by one up to this number, and beyond it in as many blocks."""


def estimate_patient_variances(
    splits: Sequence[HeldOut], measure: Measure = compute_macro_auroc
) -> tuple[Floats, Floats]:
    r"""Returns variances over patients of a metric's mean over splits: of each arm, and of its difference to the first.

    .. math:: V = \frac{G - 1}{G} \sum_{g=1}^G (\bar d_{(g)} - \bar d_{(\cdot)})^2

    with the mean over splits without the patients of block g. Leaving out a patient without whom a split lacks a class
    changes nothing there.

    Args:
        splits: Held-out images of each split; the first arm is the baseline.
        measure: The metric.

    Returns:
        Two arrays of shape (A,), the second of which begins with 0; NaN with fewer than two patients.

    Source: Tukey 1958; Efron, Tibshirani 1993, "An Introduction to the Bootstrap", ch. 11, eq. 11.5; for AUROC it is
        the variance of DeLong, DeLong, Clarke-Pearson 1988, https://doi.org/10.2307/2531595, up to terms of 1/n

    Example:
        >>> answers = np.array([[0.2, 0.4, 0.6, 0.8], [0.2, 0.6, 0.4, 0.8]])
        >>> split = HeldOut(np.arange(4), np.array([0, 0, 1, 1]), np.stack([1 - answers, answers], 2))
        >>> [variances.round(4).tolist() for variances in estimate_patient_variances([split])]
        [[0.0, 0.1875], [0.0, 0.1875]]
    """
    names, members = number_patients(splits)
    arms = len(splits[0].probabilities)
    if len(names) < 2:
        return np.full(arms, np.nan), np.full(arms, np.nan)
    blocks = np.arange(len(names)) * min(BLOCKS, len(names)) // len(names)
    changes = np.zeros((blocks[-1] + 1, arms))
    for split, member in zip(splits, members, strict=True):
        inside = blocks[member]
        for place, arm in enumerate(split.probabilities):
            found = leave_out(inside, partial(measure, split.codes, arm))
            changes[np.unique(inside), place] += np.nan_to_num(found) / len(splits)
    return compute_variance(changes), compute_variance(changes - changes[:, :1])


def estimate_over_patients(values: Floats, ratio: float, variance: float) -> MeanDifference:
    r"""Returns a mean over splits with its 95% interval and two-sided p value over patients; the models stay fixed.

    .. math:: \bar d \pm z_{0.975} \sqrt V

    Where the variance is zero, as where all patients are classified right, nothing tells how other patients would vary:
    interval and p are NaN, as where it is not known.

    Args:
        values: Level or difference of each split, all finite, shape (J,), J of 1 or more.
        ratio: Patients tested on over patients trained on, for the record alone.
        variance: V, from `compute_variance`; NaN where it is not known.

    Source: Efron, Tibshirani 1993, "An Introduction to the Bootstrap", ch. 12.2, standard interval; for AUROC that of
        DeLong, DeLong, Clarke-Pearson 1988, https://doi.org/10.2307/2531595

    Example:
        >>> found = estimate_over_patients(np.array([0.7, 0.8, 0.9]), 0.25, 0.0004)
        >>> round(found.value, 3), round(found.low, 4), round(found.high, 4)
        (0.8, 0.7608, 0.8392)
    """
    from scipy.stats import norm  # imported late: it takes half a second

    mean, splits = float(values.mean()), len(values)
    sd = float(values.std(ddof=1)) if splits > 1 else np.nan
    if not variance > 0:
        return MeanDifference(mean, sd, np.nan, np.nan, np.nan, np.nan, splits, ratio)
    error = float(np.sqrt(variance))
    half = error * float(norm.ppf((1 + LEVEL) / 2))
    return MeanDifference(
        mean, sd, error, mean - half, mean + half, float(2 * norm.sf(abs(mean) / error)), splits, ratio
    )


def leave_out(blocks: NDArray[np.int64], measure: Callable[[Floats], Floats]) -> Floats:
    """Returns how much values of N images change without each of B blocks of them, shape (B, ...).

    A value that is not defined with all images has NaN; one that is not defined without a block does not change.

    Args:
        blocks: Block of each image, shape (N,); blocks are left out in ascending order.
        measure: Values for every row of weights, shape (R, ...), from weights of shape (R, N).

    Example:
        >>> values = np.array([1.0, 2.0, 6.0])
        >>> leave_out(np.array([7, 7, 9]), lambda weights: weights @ values / weights.sum(1)).tolist()
        [3.0, -1.5]
    """
    inside, rows = np.unique(blocks), max(1, BLOCK_VALUES // len(blocks))
    whole = measure(np.ones((1, len(blocks))))[0]
    without = [
        measure((blocks != inside[start : start + rows, None]).astype(np.float64))
        for start in range(0, len(inside), rows)
    ]
    changes: Floats = np.where(np.isnan(whole), np.nan, np.nan_to_num(np.concatenate(without) - whole))
    return changes


def compute_variance(changes: Floats) -> Floats:
    """Returns the jackknife's variance of each column.

    Args:
        changes: Change of a value without each block of patients, shape (G, A), G of 2 or more.
    """
    variance: Floats = (len(changes) - 1) * changes.var(0)
    return variance
