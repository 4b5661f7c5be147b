r"""How many members an attack finds at rates of false alarms that the non-members can resolve; a bound of epsilon.

Patients are counted, not images: two images of one patient are no two independent trials. The threshold of a rate is
the score that a fixed number of non-members exceeds. The true rate there is Beta-distributed, and the upper end of the
exact interval bounds it although the threshold comes from the same non-members.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.statistics.estimate import LEVEL, Estimate
from ganoscope.statistics.proportion import compute_clopper_pearson

Floats = NDArray[np.float64]

FEWEST = {0.1: 20, 0.05: 40, 0.01: 200, 0.001: 10_000}
"""False-positive rates, and the number of non-members that each needs: two of them are then false alarms, or ten where
the rate is 0.1%."""


@dataclass(frozen=True)
class OperatingPoint:
    """An attack at one threshold.

    Attributes:
        nominal: False-positive rate that was wanted; 0 for the threshold that no non-member exceeds.
        found: Share of members above the threshold, with its exact interval.
        false: Share of non-members above it, with its exact interval.
    """

    nominal: float
    found: Estimate
    false: Estimate


def list_rates(non_members: int) -> list[float]:
    """Returns the false-positive rates that a number of non-members can resolve.

    Example:
        >>> list_rates(200), list_rates(9_999), list_rates(19)
        ([0.1, 0.05, 0.01], [0.1, 0.05, 0.01], [])
    """
    return [rate for rate, fewest in FEWEST.items() if non_members >= fewest]


def list_points(
    members: Floats, non_members: Floats, patients: tuple[int, int], level: float = LEVEL
) -> list[OperatingPoint]:
    """Returns the attack at the rates that can be resolved, and at no false alarm at all.

    Args:
        members: Scores, shape (M,).
        non_members: Scores, shape (N,), N of 1 or more.
        patients: Number of patients among the members, and among the non-members.
        level: Coverage of the intervals.
    """
    descending = np.sort(non_members)[::-1]
    points = []
    for rate in (*list_rates(patients[1]), 0.0):
        threshold = descending[int(rate * len(descending))]
        found, false = (
            estimate_share(values > threshold, count, level)
            for values, count in ((members, patients[0]), (non_members, patients[1]))
        )
        points.append(OperatingPoint(rate, found, false))
    return points


def estimate_share(above: NDArray[np.bool_], patients: int, level: float = LEVEL) -> Estimate:
    """Returns a share of images, with the exact interval for as many trials as there are patients.

    Args:
        above: Which images count, shape (N,).
        patients: Number of their patients.
        level: Coverage.
    """
    share = float(above.mean())
    low, high = compute_clopper_pearson(share * patients, patients, level)
    return Estimate(share, min(low, share), max(high, share), len(above), patients)


def bound_epsilon(members: Floats, non_members: Floats, patients: tuple[int, int]) -> tuple[float, float]:
    r"""Returns (the 95% lower bound of epsilon, the largest that as many patients could have shown).

    A mechanism that is epsilon-differentially private for each patient has TPR <= exp(epsilon) FPR at any threshold, so

    .. math:: \epsilon \ge \log(TPR_{low} / FPR_{high})

    where both bounds hold together with 95%, over all thresholds that are looked at (Bonferroni). Never below 0.

    Args:
        members: Scores, shape (M,).
        non_members: Scores, shape (N,).
        patients: Number of patients among the members, and among the non-members.

    Source: Kairouz, Oh, Viswanath 2015, theorem 2.1, https://arxiv.org/abs/1311.0776; with exact intervals: Jagielski,
        Ullman, Oprea 2020, https://arxiv.org/abs/2006.07709

    Example:
        >>> low, most = bound_epsilon(np.ones(200), np.zeros(200), (200, 200))
        >>> low == most
        True
    """
    thresholds = len(list_rates(patients[1])) + 1
    level = 1 - (1 - LEVEL) / thresholds
    points = list_points(members, non_members, patients, level)
    low = max(bound_ratio(point.found.low, point.false.high) for point in points)
    all_found = compute_clopper_pearson(patients[0], patients[0], level)[0]
    none_false = compute_clopper_pearson(0, patients[1], level)[1]
    return low, bound_ratio(all_found, none_false)


def bound_ratio(found: float, false: float) -> float:
    """Returns log(found / false), 0 where it is below."""
    return max(0.0, float(np.log(found / false))) if found > 0 else 0.0
