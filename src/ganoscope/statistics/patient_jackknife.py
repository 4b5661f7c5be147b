"""Jackknife over patients: how much a mean over splits depends on who was tested.

The models stay fixed. A patient who is tested in several splits is left out of all of them at once.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ganoscope.statistics.auroc import compute_macro_auroc
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
    inside = np.unique(blocks)
    weights = np.ones((len(inside) + 1, len(blocks)))
    weights[1:] = blocks != inside[:, None]
    values = measure(weights)
    changes: Floats = np.where(np.isnan(values[0]), np.nan, np.nan_to_num(values[1:] - values[0]))
    return changes


def compute_variance(changes: Floats) -> Floats:
    """Returns the jackknife's variance of each column.

    Args:
        changes: Change of a value without each block of patients, shape (G, A), G of 2 or more.
    """
    variance: Floats = (len(changes) - 1) * changes.var(0)
    return variance
