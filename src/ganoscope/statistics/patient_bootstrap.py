"""Bootstrap over patients of AUROC averaged over splits: how these models do on patients like these.

The models stay fixed; only the patients vary. A patient who is tested in several splits is drawn into all of them at
once, since splits of the same patients are no independent samples. Scores of different splits are never pooled: each
model has its own scale.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.statistics.auroc import compute_macro_auroc
from ganoscope.statistics.bootstrap import BLOCK_VALUES, RESAMPLES, count_draws
from ganoscope.statistics.estimate import Estimate, compute_percentile_interval, make_estimate

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class HeldOut:
    """Held-out images of one split, as scored by the models of all arms.

    Attributes:
        patients: Patient of each image, named alike in all splits, shape (N,).
        codes: Labels, shape (N,), in [0, K); every class occurs.
        probabilities: Answers of each arm's model, shape (A, N, K).
    """

    patients: NDArray[np.int64] | NDArray[np.str_]
    codes: NDArray[np.int64]
    probabilities: Floats


def compare_on_patients(
    splits: Sequence[HeldOut], random: np.random.Generator, resamples: int = RESAMPLES
) -> list[Estimate]:
    """Returns the mean AUROC difference of every arm but the first from the first, with 95% intervals over patients.

    Args:
        splits: Held-out images of each split; the first arm is the baseline.
        random: Source of the resampling.
        resamples: Number of resamples.

    Source: groups resampled as wholes: Field, Welsh 2007, https://doi.org/10.1111/j.1467-9868.2007.00593.x; AUROC
        averaged over folds: LeDell, Petersen, van der Laan 2015, https://doi.org/10.1214/15-EJS1035
    """
    values, resampled = resample_patients(splits, random, resamples)
    images = sum(len(split.codes) for split in splits)
    patients = len(np.unique(np.concatenate([split.patients for split in splits])))
    return [
        make_estimate(float(values[arm] - values[0]), resampled[:, arm] - resampled[:, 0], images, patients)
        for arm in range(1, len(values))
    ]


def resample_patients(
    splits: Sequence[HeldOut], random: np.random.Generator, resamples: int = RESAMPLES
) -> tuple[Floats, Floats]:
    """Returns (AUROC of each arm averaged over splits, the same for each resample of patients).

    A split in which a resample lacks a class is left out of that resample's average.

    Args:
        splits: Held-out images of each split.
        random: Source of the resampling.
        resamples: Number of resamples; they are drawn in blocks, and the cut changes no number.

    Returns:
        Shapes (A,) and (resamples, A); NaN for a resample that lacks a class in all splits.
    """
    names, members = number_patients(splits)
    values = average_auroc(splits, members, np.ones((1, len(names))))[0]
    block = max(1, BLOCK_VALUES // max(len(names), *(len(split.codes) for split in splits)))
    blocks = [
        average_auroc(splits, members, count_draws(len(names), random, min(block, resamples - start)))
        for start in range(0, resamples, block)
    ]
    return values, np.concatenate(blocks)


def compute_difference_interval(drawn: Floats, level: float) -> tuple[float, float]:
    """Returns the percentile interval of a difference over resamples of patients.

    Where no resample differs from the others, as where both arms rank all patients perfectly, nothing tells how other
    patients would vary: both ends are NaN.

    Args:
        drawn: Difference in each resample, shape (R,); NaN is left out.
        level: Coverage.

    Example:
        >>> compute_difference_interval(np.arange(5.0), 0.5), compute_difference_interval(np.zeros(9), 0.5)
        ((1.0, 3.0), (nan, nan))
    """
    known = drawn[np.isfinite(drawn)]
    if not len(known) or not np.ptp(known) > 0:
        return float("nan"), float("nan")
    return compute_percentile_interval(known, level)


def count_fewest_patients(splits: Sequence[HeldOut]) -> int:
    """Returns the number of patients of the class that has fewest, over all splits together."""
    patients, codes = (np.concatenate([getattr(split, name) for split in splits]) for name in ("patients", "codes"))
    return min(len(np.unique(patients[codes == code])) for code in np.unique(codes))


def average_auroc(
    splits: Sequence[HeldOut], members: Sequence[NDArray[np.int64]], times: NDArray[np.int64] | Floats
) -> Floats:
    """Returns the AUROC of each arm, averaged over splits, for each row of patient counts, shape (R, A).

    Args:
        splits: Held-out images of each split.
        members: Number of each image's patient in each split, shape (N,) each.
        times: How often each resample holds each patient, shape (R, patients).
    """
    sums = np.zeros((len(times), len(splits[0].probabilities)))
    counts = np.zeros_like(sums)
    for split, member in zip(splits, members, strict=True):
        weights = times[:, member].astype(np.float64)
        auroc = np.stack([compute_macro_auroc(split.codes, arm, weights) for arm in split.probabilities], 1)
        sums += np.nan_to_num(auroc)
        counts += np.isfinite(auroc)
    return np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)


def number_patients(
    splits: Sequence[HeldOut],
) -> tuple[NDArray[np.int64] | NDArray[np.str_], list[NDArray[np.int64]]]:
    """Returns the patients of all splits, and the number of each image's patient in each split, shape (N,) each."""
    names, numbers = np.unique(np.concatenate([split.patients for split in splits]), return_inverse=True)
    return names, np.split(numbers, np.cumsum([len(split.codes) for split in splits])[:-1])
