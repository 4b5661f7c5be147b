"""What a design can decide whose models stay fixed while patients vary, before anything is trained.

The number of held-out patients decides; splits may be few, as they are no sample. How small a difference will be seen
depends on how alike two arms answer, which nobody knows before training: it is told for one usual case, or bounded by
the standard deviation of the differences over splits where one is expected.
"""

from dataclasses import dataclass

import numpy as np

from ganoscope.statistics.estimate import LEVEL
from ganoscope.statistics.planning.feasibility import LEAST_CHANCE
from ganoscope.statistics.planning.power import POWER
from ganoscope.statistics.verdict import EQUAL, HARMS, HELPS, NO_EVIDENCE

LEAST_PATIENTS = 10
"""Held-out patients of every class, at least, for intervals over patients. Measured on two equal models: the percentile
interval of their difference misses 0 in 11% of 400 draws with 5 against 50 patients and an AUROC of 0.7, and in 2 to
8% with 10 to 50 patients of the rarer class and 10 to 100 of the other, at 0.7 and 0.9."""
AUROC, CORRELATION = 0.8, 0.5
"""AUROC of both arms, and correlation of its two estimates, of the difference that is told where nothing is known."""


@dataclass(frozen=True)
class HeldOutPatients:
    """Who is held out by the splits of a design.

    Attributes:
        by_class: Patients of each class that are held out in at least one split.
        share: Variance over patients of a mean over splits, as part of that of one split, if every patient pulls all
            splits the same way: n sum(c^2) / sum(c)^2, with c the splits that hold a patient out and n the patients
            held out in one split. 1 for a single split, 1 / K for K folds.
    """

    by_class: tuple[int, ...]
    share: float


@dataclass(frozen=True)
class PatientFeasibility:
    """What a design can decide about these models on patients like these.

    Attributes:
        arms: Number of arms that are compared with the baseline.
        alpha: Two-sided level of each of them, alpha / arms.
        fewest: Held-out patients of the class that has fewest.
        others: Held-out patients of all other classes.
        usual: Minimum detectable difference of two models of AUROC 0.8, whose estimates correlate by 0.5, that are
            tested once on all held-out patients; infinite where a class has none.
        detectable: Largest minimum detectable difference that goes with the expected SD; None where none is expected.
        equal_chance: Smallest probability of "practically equal" that goes with it, where there is truly no difference.
        reachable: Verdicts within reach.
        can_decide: Whether every class has enough held-out patients.
    """

    arms: int
    alpha: float
    fewest: int
    others: int
    usual: float
    detectable: float | None
    equal_chance: float | None
    reachable: tuple[str, ...]
    can_decide: bool


def check_patient_feasibility(
    held_out: HeldOutPatients, arms: int, margin: float, expected_sd: float | None = None
) -> PatientFeasibility:
    """Returns what a design can decide at a family-wise 5% where patients are resampled.

    Args:
        held_out: Who is held out.
        arms: Number of arms that are compared with the baseline, 1 or more.
        margin: Differences of AUROC up to this are practically equal.
        expected_sd: Expected standard deviation of the differences over splits, above 0. Training adds to it and
            patients do not, so that it bounds the standard error from above.

    Example:
        >>> found = check_patient_feasibility(HeldOutPatients((60, 60), 0.2), arms=1, margin=0.01, expected_sd=0.005)
        >>> found.reachable, round(found.usual, 3), round(found.detectable, 4)
        (('helps', 'harms', 'practically equal', 'no evidence'), 0.114, 0.0063)
    """
    alpha = (1 - LEVEL) / arms
    fewest = min(held_out.by_class)
    others = sum(held_out.by_class) - fewest
    decides = fewest >= LEAST_PATIENTS
    usual = np.sqrt(2 * (1 - CORRELATION)) * compute_auroc_error(AUROC, fewest, others)
    error = None if expected_sd is None else expected_sd * float(np.sqrt(held_out.share))
    chance = None if error is None else compute_normal_equal_chance(margin, error, alpha)
    possible = {
        HELPS: decides,
        HARMS: decides,
        EQUAL: decides and margin > 0 and (chance is None or chance >= LEAST_CHANCE),
        NO_EVIDENCE: True,
    }
    return PatientFeasibility(
        arms=arms,
        alpha=alpha,
        fewest=fewest,
        others=others,
        usual=compute_normal_detectable(float(usual), alpha),
        detectable=None if error is None else compute_normal_detectable(error, alpha),
        equal_chance=chance,
        reachable=tuple(word for word, is_possible in possible.items() if is_possible),
        can_decide=decides,
    )


def compute_auroc_error(auroc: float, positives: int, negatives: int) -> float:
    r"""Returns the standard error of an AUROC over patients with one image each; infinite where a class has none.

    .. math:: \sqrt{(A (1 - A) + (p - 1)(Q_1 - A^2) + (n - 1)(Q_2 - A^2)) / (p n)}, \quad Q_1 = A / (2 - A),
        \quad Q_2 = 2 A^2 / (1 + A)

    Args:
        auroc: The AUROC, A.
        positives: Patients of the class, p.
        negatives: Other patients, n.

    Source: Hanley, McNeil 1982, eq. 1 to 3, https://doi.org/10.1148/radiology.143.1.7063747

    Example:
        >>> round(compute_auroc_error(0.893, 51, 58), 4)
        0.0325
    """
    if not positives * negatives:
        return float("inf")
    first, second = auroc / (2 - auroc), 2 * auroc**2 / (1 + auroc)
    variance = auroc * (1 - auroc) + (positives - 1) * (first - auroc**2) + (negatives - 1) * (second - auroc**2)
    return float(np.sqrt(variance / (positives * negatives)))


def compute_normal_detectable(error: float, alpha: float) -> float:
    """Returns the true difference that an interval of normal estimates shows with 80% power.

    Args:
        error: Standard error of the difference, known.
        alpha: 1 minus the level of the interval.

    Source: Cohen 1988, "Statistical Power Analysis for the Behavioral Sciences", ch. 2, for a known standard error.

    Example:
        >>> round(compute_normal_detectable(1.0, 0.05), 2)
        2.8
    """
    from scipy.stats import norm  # imported late: it takes half a second

    return float((norm.ppf(1 - alpha / 2) + norm.ppf(POWER)) * error)


def compute_normal_equal_chance(margin: float, error: float, alpha: float) -> float:
    """Returns the probability of "practically equal" where there is truly no difference.

    Args:
        margin: Differences up to this are practically equal.
        error: Standard error of the difference, known, above 0.
        alpha: 1 minus the level of the interval.

    Source: Phillips 1990, https://doi.org/10.1007/BF01063556, for a known standard error.

    Example:
        >>> round(compute_normal_equal_chance(3.0, 1.0, 0.05), 2), compute_normal_equal_chance(1.0, 1.0, 0.05)
        (0.7, 0.0)
    """
    from scipy.stats import norm  # imported late: it takes half a second

    room = margin / error - float(norm.ppf(1 - alpha / 2))
    return float(max(0.0, 2 * norm.cdf(room) - 1))
