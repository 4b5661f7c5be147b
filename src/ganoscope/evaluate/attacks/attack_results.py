"""What a membership attack has found: AUROC, operating points, bound of epsilon, and its p values against the controls.

Two claims are tested for every attack that counts: that members score higher as a whole, and that some stand out at the
top. A claim's p value is the largest that any of its controls gives, adjusted for all claims together (Holm).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.evaluate.attacks.attack_controls import (
    STATISTICS,
    TOP_SHARES,
    Control,
    compare_with_bias,
    compute_p,
    make_controls,
    studentise_attack,
)
from ganoscope.evaluate.attacks.group_contrast import Tried, centre, rank_within, sum_groups
from ganoscope.evaluate.attacks.split_bias import SplitBias
from ganoscope.seeds import Stream, stream
from ganoscope.statistics.estimate import LEVEL, Estimate, compute_percentile_interval, make_estimate
from ganoscope.statistics.holm import adjust_holm
from ganoscope.statistics.patient_bootstrap import HeldOut, resample_patients
from ganoscope.statistics.rare_events.operating_points import OperatingPoint, bound_epsilon, list_points

Floats = NDArray[np.float64]

ALPHA = 1 - LEVEL
POWER = 0.8
"""Probability with which a leak of the stated size would have been seen."""


@dataclass(frozen=True)
class AttackResult:
    """Result of one attack.

    Attributes:
        name: Name of the attack.
        threat: What the attacker has.
        counts: Whether it is evidence by itself.
        auroc: Probability that a member scores above a non-member, with an interval over patients.
        z: Studentised statistics by name.
        controls: What random splits give.
        p: Largest p value over the controls by statistic, before adjustment.
        points: Members found at rates of false alarms that can be resolved.
        epsilon: 95% lower bound of epsilon, and the largest that could have been shown.
        standard_error: Standard error of the AUROC where nothing leaks.
        members: Number of members' images.
    """

    name: str
    threat: str
    counts: bool
    auroc: Estimate
    z: dict[str, float]
    controls: list[Control]
    p: dict[str, float]
    points: list[OperatingPoint]
    epsilon: tuple[float, float]
    standard_error: float
    members: int

    @property
    def floor(self) -> Estimate:
        """AUROC between halves of one set, at the size of the attack, with the range of 95% of random splits."""
        z = np.concatenate([control.z["ranks"] for control in self.controls[:2]])
        auroc = 0.5 + z * self.standard_error
        low, high = compute_percentile_interval(auroc)
        return Estimate(float(np.median(auroc)), low, high, self.auroc.n, self.auroc.groups)


def measure_attack(
    name: str, threat: str, counts: bool, tried: Tried, bias: SplitBias | None, seed: int
) -> AttackResult:
    """Returns what an attack has found.

    Args:
        name: Its name.
        threat: What the attacker has.
        counts: Whether it is evidence by itself.
        tried: Scores of members and non-members.
        bias: The two-sample test of the same images where it has shown that the sets differ; else None.
        seed: Seed of all draws.
    """
    z, controls = studentise_attack(tried), make_controls(tried, seed)
    beyond = compare_with_bias(tried, bias) if bias else dict.fromkeys(STATISTICS, 0.0)
    p = {
        name_: max(beyond[name_], *(compute_p(z[name_], control.z[name_]) for control in controls))
        for name_ in STATISTICS
    }
    sides = tried.scores[tried.member], tried.scores[~tried.member]
    patients = tuple(len(np.unique(tried.groups[chosen])) for chosen in (tried.member, ~tried.member))
    return AttackResult(
        name=name,
        threat=threat,
        counts=counts,
        auroc=estimate_attack(tried, seed),
        z=z,
        controls=controls,
        p=p,
        points=list_points(*sides, (patients[0], patients[1])),
        epsilon=bound_epsilon(*sides, (patients[0], patients[1])),
        standard_error=measure_error(tried),
        members=int(tried.member.sum()),
    )


def estimate_attack(tried: Tried, seed: int) -> Estimate:
    """Returns the AUROC, averaged over strata, with its interval over patients."""
    parts = [
        HeldOut(part.groups, part.member.astype(np.int64), np.stack([-part.scores, part.scores], 1)[None])
        for part in (tried.take(tried.strata == stratum) for stratum in np.unique(tried.strata))
    ]
    values, resampled = resample_patients(parts, stream(seed, Stream.MEMBERSHIP_BOOTSTRAP))
    return make_estimate(float(values[0]), resampled[:, 0], len(tried.scores), len(np.unique(tried.groups)))


def measure_error(tried: Tried) -> float:
    """Returns the standard error of the AUROC where nothing leaks."""
    share = float(tried.member.mean())
    sums = sum_groups(centre(rank_within(tried.scores, tried.strata), tried.strata), tried.groups)
    return float(np.sqrt((sums**2).sum() / (share * (1 - share)))) / len(tried.scores)


def adjust_claims(results: Sequence[AttackResult]) -> list[float]:
    """Returns the smaller adjusted p value of each attack, 1 where it does not count; Holm over all claims."""
    counted = [result for result in results if result.counts]
    adjusted = adjust_holm([result.p[name] for result in counted for name in STATISTICS])
    smallest = iter(adjusted.reshape(-1, len(STATISTICS)).min(1))
    return [float(next(smallest)) if result.counts else 1.0 for result in results]


def find_least_auroc(result: AttackResult, claims: int, bias: SplitBias | None) -> float:
    """Returns the AUROC that would have been called a leak with a probability of `POWER`.

    Args:
        result: The attack.
        claims: Number of claims that share the level.
        bias: The two-sample test where the sets differ by themselves; else None.
    """
    needed = need_z(result, claims, "ranks") * result.standard_error
    return min(1.0, 0.5 + needed if bias is None else max(0.5, bias.auroc) + np.sqrt(2) * needed)


def need_z(result: AttackResult, claims: int, statistic: str) -> float:
    """Returns the mean of a studentised statistic that is called a leak with a probability of `POWER`.

    Args:
        result: The attack.
        claims: Number of claims that share the level.
        statistic: Name of the statistic.
    """
    from scipy.stats import norm  # imported late: it takes half a second

    border = max(np.quantile(control.z[statistic], 1 - ALPHA / claims) for control in result.controls)
    return float(border + norm.ppf(POWER))


def find_least_share(result: AttackResult, claims: int) -> float:
    r"""Returns the share of members that, standing out above everything, would have been called a leak likewise.

    Among the highest share q of N images, k are then members, and the others are as chance has it. With y the share of
    members and R = qN - k images left to chance, the statistic is about

    .. math:: z = (1 - y) k / \sqrt{(1 - y)^2 k + y (1 - y) R}

    Args:
        result: The attack.
        claims: Number of claims that share the level.
    """
    images, needed = result.auroc.n, need_z(result, claims, "top")
    rest = 1 - result.members / images
    outright = np.arange(1, result.members)[:, None]
    left = np.array(TOP_SHARES) * images - outright
    z = rest * outright / np.sqrt(rest**2 * outright + rest * (1 - rest) * left.clip(min=0))
    enough = np.flatnonzero(np.where(left >= 0, z, 0).max(axis=1) >= needed)
    return float((enough[0] + 1) / result.members) if len(enough) else 1.0
