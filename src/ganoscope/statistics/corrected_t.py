"""Corrected resampled t-test: the mean difference of two procedures over repeated random splits of the same patients.

Values of different splits share patients, so they are no independent sample: the usual variance of their mean is far
too small. The estimand is the performance of the procedure at this training size, not that of single trained models.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.files.records import Number
from ganoscope.statistics.estimate import LEVEL

TESTED_AND_TRAINED = 2
"""The same patients are tested on and trained on: their variance counts twice."""
ROUNDING = 1e-12
"""Share of the largest difference below which a standard deviation is rounding alone."""


@dataclass(frozen=True)
class MeanDifference:
    """A mean difference over splits, with the variance corrected for the patients that splits share.

    Attributes:
        value: Mean difference, treatment minus baseline.
        sd: Standard deviation of the differences over splits.
        standard_error: Corrected standard error of the mean; NaN where it can't be known.
        low: Lower end of the 95% interval; NaN where there is none.
        high: Upper end.
        p: Two-sided p value of no difference; NaN where there is none.
        splits: Number of splits J; the test has J - 1 degrees of freedom.
        ratio: Patients tested on over patients trained on, in each split; larger where the patients vary more than it
            allows for.
    """

    value: Number
    sd: Number
    standard_error: Number
    low: Number
    high: Number
    p: Number
    splits: int
    ratio: float


def compute_fold_ratio(folds: int) -> float:
    """Returns the ratio of tested to trained patients of one of K folds, 1 / (K - 1).

    It also holds for a random split with a test share of 1 / K.

    Example:
        >>> compute_fold_ratio(5)
        0.25
    """
    return 1 / (folds - 1)


def compute_variance_factor(splits: int, ratio: float) -> float:
    """Returns 1/J + n_test/n_train, by which the variance over splits is multiplied to get that of their mean.

    Example:
        >>> compute_variance_factor(25, 0.25)
        0.29
    """
    return 1 / splits + ratio


def compare_splits(differences: NDArray[np.floating], ratio: float, patient_variance: float = 0.0) -> MeanDifference:
    r"""Returns the mean difference over J splits, with its 95% interval and two-sided p value.

    .. math:: t = \bar d / \sqrt{(1/J + n_{test}/n_{train}) s^2}, \quad s^2 = \sum_j (d_j - \bar d)^2 / (J - 1)

    with Student's t at J - 1 degrees of freedom. R repetitions of K folds are J = R K splits of ratio 1 / (K - 1).

    With one split, or where all differences are equal, zero or not, the variance can't be known: interval and p are
    NaN. Differences of exactly zero are no proof that nothing differs: two models that both reach an AUROC of 1 have
    them, and so have two that classify equally many of few patients right.

    The test is exact where differences of two splits correlate by n_test / (n_test + n_train). They correlate more
    where the arms differ on the same patients again and again: then the ratio is raised to 2 V / s^2, with V the
    variance that the patients tested on give to the mean, twice since the same patients are trained on, too. Measured
    on learners (`benchmarks/study_null.md`): without it, the test errs in 0 to 2% where arms add other images to the
    same patients, but in 5 to 13% where arms see different features; with it, in up to 3% there.

    Args:
        differences: Treatment minus baseline of each split, all finite, shape (J,), J of 1 or more.
        ratio: n_test / n_train, in patients; all of the training split count, even where a study trains on a part of
            them, since they are what splits share.
        patient_variance: V, from `statistics/patient_jackknife.py`; 0 or NaN where it is not known.

    Source: Nadeau, Bengio 2003, section 3, https://doi.org/10.1023/A:1024068626366; for repeated folds: Bouckaert,
        Frank 2004, https://doi.org/10.1007/978-3-540-24775-3_3. Derived for random splits whose correlation is taken
        to be n_test / (n_test + n_train); for folds a heuristic.

    Example:
        >>> found = compare_splits(np.array([0.01, 0.03, 0.02, 0.02, 0.04]), 0.25)
        >>> round(found.value, 3), round(found.standard_error, 5), round(found.p, 3)
        (0.024, 0.00765, 0.035)
    """
    from scipy.stats import t  # imported late: it takes half a second

    values = np.asarray(differences, np.float64)
    splits, mean = len(values), float(values.mean())
    sd = float(values.std(ddof=1)) if splits > 1 else np.nan
    if not sd > ROUNDING * np.abs(values).max():
        return MeanDifference(mean, sd, np.nan, np.nan, np.nan, np.nan, splits, ratio)
    if patient_variance > 0:
        ratio = max(ratio, TESTED_AND_TRAINED * float(patient_variance) / sd**2)
    error = sd * float(np.sqrt(compute_variance_factor(splits, ratio)))
    half = error * float(t.ppf((1 + LEVEL) / 2, splits - 1))
    p = float(2 * t.sf(abs(mean) / error, splits - 1))
    return MeanDifference(mean, sd, error, mean - half, mean + half, p, splits, ratio)


def compute_corrected_interval(found: MeanDifference, level: float) -> tuple[float, float]:
    """Returns the interval of a mean difference at any level, such as one adjusted for several arms.

    Args:
        found: What `compare_splits` returns.
        level: Coverage.

    Example:
        >>> found = compare_splits(np.array([0.01, 0.03, 0.02, 0.02, 0.04]), 0.25)
        >>> [round(end, 4) for end in compute_corrected_interval(found, 0.99)]
        [-0.0112, 0.0592]
    """
    from scipy.stats import t  # imported late: it takes half a second

    if not found.standard_error > 0:
        return found.low, found.high
    half = found.standard_error * float(t.ppf((1 + level) / 2, found.splits - 1))
    return found.value - half, found.value + half
