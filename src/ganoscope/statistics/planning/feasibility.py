"""What a design can decide, before anything is trained."""

from dataclasses import dataclass

from ganoscope.statistics.corrected_t import compute_variance_factor
from ganoscope.statistics.estimate import LEVEL
from ganoscope.statistics.planning.power import (
    compute_equivalence_power,
    compute_minimum_detectable_difference,
    compute_smallest_exact_p,
)
from ganoscope.statistics.verdict import EQUAL, HARMS, HELPS, NO_EVIDENCE

LARGEST_DETECTABLE_SD = 2.5
"""A design whose minimum detectable difference is larger than this many SD can't decide: five splits see 2.52."""
LEAST_CHANCE = 0.05
"""A verdict of smaller probability, where it is the true one, is out of reach."""


@dataclass(frozen=True)
class Feasibility:
    """What a design can decide.

    Attributes:
        splits: Number of splits J.
        arms: Number of arms that are compared with the baseline.
        alpha: Two-sided level of an arm's first test, alpha / arms.
        smallest_exact_p: Smallest p value that a test free of assumptions could give, times `arms`, at most 1.
        detectable_sd: Minimum detectable difference, in SD of the split differences; infinite for one split.
        detectable: The same in units of the endpoint; None where no SD is expected.
        widest_sd: Largest SD at which "practically equal" is given with a probability of at least 5%, where there is
            truly no difference; 0 where it never is.
        equal_chance: This probability at the expected SD; None where no SD is expected.
        reachable: Verdicts that the design can give and that then mean something; without an expected SD, all whose
            reach depends on it are held for possible.
        can_decide: Whether the design is worth its training.
    """

    splits: int
    arms: int
    alpha: float
    smallest_exact_p: float
    detectable_sd: float
    detectable: float | None
    widest_sd: float
    equal_chance: float | None
    reachable: tuple[str, ...]
    can_decide: bool


def check_feasibility(
    splits: int, ratio: float, arms: int, margin: float, expected_sd: float | None = None, headroom: float | None = None
) -> Feasibility:
    """Returns what a design can decide at a family-wise 5%.

    Args:
        splits: Number of splits J.
        ratio: Patients tested on over patients trained on.
        arms: Number of arms that are compared with the baseline, 1 or more.
        margin: Differences of at most this size are practically equal, in units of the endpoint.
        expected_sd: Expected standard deviation of the differences over splits, above 0, in the same units.
        headroom: Largest improvement there is, such as 1 minus the baseline's AUROC, where it is known: "helps" is out
            of reach where the minimum detectable difference exceeds it.

    Example:
        >>> found = check_feasibility(25, 0.25, arms=1, margin=0.01, expected_sd=0.02)
        >>> found.reachable, round(found.detectable, 3), round(found.widest_sd, 4)
        (('helps', 'harms', 'no evidence'), 0.031, 0.0097)
    """
    alpha = (1 - LEVEL) / arms
    exact = min(1.0, arms * compute_smallest_exact_p(splits))
    detectable_sd = compute_minimum_detectable_difference(splits, ratio, alpha)
    detectable = None if expected_sd is None else detectable_sd * expected_sd
    chance = None if expected_sd is None else compute_equal_chance(margin, expected_sd, splits, ratio, alpha)
    decides = is_enough(splits, ratio, arms)
    room = headroom is None or detectable is None or detectable <= headroom
    possible = {
        HELPS: decides and room,
        HARMS: decides,
        EQUAL: decides and (chance is None or chance >= LEAST_CHANCE),
        NO_EVIDENCE: True,
    }
    return Feasibility(
        splits,
        arms,
        alpha,
        exact,
        detectable_sd,
        detectable,
        compute_widest_sd(splits, ratio, alpha, margin),
        chance,
        tuple(word for word, is_possible in possible.items() if is_possible),
        decides,
    )


def is_enough(splits: int, ratio: float, arms: int) -> bool:
    """Tells whether so many splits can decide.

    They can if their minimum detectable difference is at most 2.5 SD and an exact test on as many pairs could reach the
    level after Holm's adjustment.

    Args:
        splits: Number of splits J.
        ratio: Patients tested on over patients trained on.
        arms: Number of arms that are compared with the baseline.

    Example:
        >>> is_enough(5, 0.25, 1), is_enough(6, 0.25, 1), is_enough(1000, 1.0, 1)
        (False, True, False)
    """
    alpha = (1 - LEVEL) / arms
    if arms * compute_smallest_exact_p(splits) > 1 - LEVEL:
        return False
    return compute_minimum_detectable_difference(splits, ratio, alpha) <= LARGEST_DETECTABLE_SD


def compute_equal_chance(margin: float, sd: float, splits: int, ratio: float, alpha: float) -> float:
    """Returns the probability of "practically equal" where there is truly no difference; 0 for one split.

    Args:
        margin: Differences of at most this size are practically equal.
        sd: Standard deviation of the differences over splits, in the same units.
        splits: Number of splits J.
        ratio: Patients tested on over patients trained on.
        alpha: 1 minus the level of the interval.
    """
    return compute_equivalence_power(margin / sd, splits, ratio, alpha) if splits > 1 else 0.0


def compute_widest_sd(splits: int, ratio: float, alpha: float, margin: float) -> float:
    """Returns the largest SD at which "practically equal" has a probability of 5% where there is no difference.

    Args:
        splits: Number of splits J.
        ratio: Patients tested on over patients trained on.
        alpha: 1 minus the level of the interval.
        margin: Differences of at most this size are practically equal.

    Returns:
        The SD in units of the margin's endpoint; 0 for one split or a margin of 0.
    """
    from scipy.optimize import brentq  # imported late: it takes half a second

    if splits < 2 or margin <= 0:
        return 0.0
    narrow = margin / (100 * compute_variance_factor(splits, ratio) ** 0.5)
    wide = narrow
    while compute_equal_chance(margin, wide, splits, ratio, alpha) > LEAST_CHANCE:
        wide *= 2
    found: float = brentq(
        lambda sd: compute_equal_chance(margin, sd, splits, ratio, alpha) - LEAST_CHANCE, wide / 2, wide, xtol=1e-9
    )
    return found
