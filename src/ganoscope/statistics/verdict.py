"""The verdict on an arm: helps, harms, practically equal, or no evidence."""

from collections.abc import Sequence
from dataclasses import dataclass

from ganoscope.files.records import Number
from ganoscope.statistics.corrected_t import MeanDifference, compute_corrected_interval
from ganoscope.statistics.estimate import LEVEL
from ganoscope.statistics.holm import adjust_directions, list_levels

HELPS = "helps"
HARMS = "harms"
EQUAL = "practically equal"
NO_EVIDENCE = "no evidence"
MARGIN_AUROC = 0.01
"""Differences of AUROC up to this are practically equal, unless the design says otherwise."""


@dataclass(frozen=True)
class Verdict:
    """The verdict on one of several arms.

    Attributes:
        word: "helps", "harms", "practically equal" or "no evidence".
        low: Lower end of the adjusted interval; NaN where there is none.
        high: Upper end.
        level: Level of this interval, adjusted for the number of arms.
        p: Adjusted p value of this arm's direction; NaN where patients are resampled.
    """

    word: str
    low: Number
    high: Number
    level: float
    p: Number


def give_verdict(low: float, high: float, margin: float) -> str:
    """Returns the verdict that an interval of a difference gives.

    Inside the margin: practically equal. Otherwise wholly above zero: helps; wholly below: harms. Else no evidence. An
    interval that ends at zero lies wholly on one side of it, as its p value is then exactly the level. NaN is no
    evidence.

    Args:
        low: Lower end of the interval, treatment minus baseline; higher is better.
        high: Upper end.
        margin: Differences of at most this size are practically equal; 0 or more.

    Example:
        >>> give_verdict(0.002, 0.02, 0.01), give_verdict(0.002, 0.008, 0.01), give_verdict(-0.02, 0.02, 0.01)
        ('helps', 'practically equal', 'no evidence')
    """
    if -margin < low and high < margin:
        return EQUAL
    if low >= 0:
        return HELPS
    return HARMS if high <= 0 else NO_EVIDENCE


def judge_arms(found: Sequence[MeanDifference], margin: float, level: float = LEVEL) -> list[Verdict]:
    """Returns the verdict on each arm: the probability that any of them is wrong is at most 1 - level.

    "helps" is wrong where the true difference is 0 or less, "harms" where it is 0 or more, "practically equal" where
    it is beyond the margin; "no evidence" is never wrong. Each wrong verdict needs an interval that lies wholly on one
    side of the truth: above it for truths of 0 or less, below it for truths of 0 or more. Call these n bounds. Unless
    one of them breaks at the one-sided level alpha / n, which happens with at most alpha, all directions that Holm's
    steps show are right (by induction: each right one excludes a bound that is not among the n, so that the next step
    is taken at alpha / n or less), and no verdict is wrong. This holds whatever the dependence of arms.

    Args:
        found: One comparison of each arm with the baseline.
        margin: Differences of at most this size are practically equal; 0 or more.
        level: 1 minus the probability of any wrong verdict.

    Source: the step-down argument of Holm 1979, for bounds in place of hypotheses (Goeman, Solari 2010,
        https://doi.org/10.1214/10-AOS829); practical equivalence by an interval inside a margin: Schuirmann 1987,
        https://doi.org/10.1007/BF01068419
    """
    p = [one.p for one in found]
    verdicts = []
    for one, own_level, own_p in zip(found, list_levels(p, level), adjust_directions(p), strict=True):
        low, high = compute_corrected_interval(one, float(own_level))
        verdicts.append(Verdict(give_verdict(low, high, margin), low, high, float(own_level), float(own_p)))
    return verdicts
