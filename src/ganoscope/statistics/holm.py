"""Holm's adjustment for several arms that are compared with one baseline.

An arm has two one-sided hypotheses, "not better" and "not worse", so m arms have 2m, and Holm's procedure goes over
all of them. The two-sided version, which steps from alpha / m to alpha, controls rejections of "no difference" alone:
an arm that is rejected can still be wrong about its sign, or about being practically equal. Where arms differ in their
standard errors, that adds up to more than alpha: 7% instead of 5 in `tests/unit/statistics/test_verdict.py`.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ganoscope.statistics.estimate import LEVEL

Floats = NDArray[np.float64]


def adjust_holm(p: Sequence[float] | Floats) -> Floats:
    r"""Returns Holm's adjusted p values, in the order given, shape (m,).

    .. math:: \tilde p_{(i)} = \max_{j \le i} \min(1, (m - j + 1) p_{(j)})

    Args:
        p: p values, shape (m,); NaN counts as 1.

    Source: Holm 1979, https://www.jstor.org/stable/4615733; as R's `p.adjust(p, "holm")`

    Example:
        >>> adjust_holm([0.01, 0.04, 0.03]).round(3).tolist()
        [0.03, 0.06, 0.06]
    """
    values = np.nan_to_num(np.asarray(p, np.float64), nan=1.0)
    order = np.argsort(values, kind="stable")
    adjusted = np.empty_like(values)
    adjusted[order] = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    return np.minimum(adjusted, 1)


def adjust_directions(p: Sequence[float] | Floats) -> Floats:
    """Returns adjusted p values of m two-sided tests whose sign is told as well, shape (m,).

    Holm's procedure over the 2m one-sided hypotheses: the family-wise error of wrong signs stays below alpha whatever
    the arms' dependence. One arm alone keeps its two-sided p value.

    Args:
        p: Two-sided p values, shape (m,); NaN counts as 1.

    Source: Holm 1979; why signs need care: Shaffer 1980, https://doi.org/10.1214/aos/1176345205

    Example:
        >>> adjust_directions([0.01, 0.04, 0.03]).round(3).tolist()
        [0.03, 0.08, 0.075]
    """
    halves = np.nan_to_num(np.asarray(p, np.float64), nan=1.0) / 2
    return adjust_holm(np.concatenate([halves, 1 - halves]))[: len(halves)]


def list_levels(p: Sequence[float] | Floats, level: float = LEVEL) -> Floats:
    r"""Returns the level of each arm's interval: the one at which its direction is tested, shape (m,).

    .. math:: 1 - 2 \alpha / (2m - k + 1)

    for the arm with the k-th smallest p value, as long as its interval, and those of all smaller p values, lie on one
    side of zero. All other arms have the level of the first that does not. Arms with equal p values have that of the
    first of them, so the order of arms never matters. The widest level is that of Bonferroni, 1 - alpha / m; one arm
    alone has 1 - alpha.

    With probability 1 - alpha, for all arms at once, the bounds that a wrong verdict would have to break hold (see
    `verdict.judge_arms`). Each interval by itself covers with at least 1 - alpha.

    Args:
        p: Two-sided p values, shape (m,); NaN counts as 1.
        level: Coverage of the family, 1 - alpha.

    Source: Holm 1979; intervals at the levels of a step-down procedure: Strassburger, Bretz 2008,
        https://doi.org/10.1002/sim.3338. Differs: shown directions keep the interval of their own step, instead of one
        that ends at zero.

    Example:
        >>> list_levels([0.01, 0.04, 0.03]).round(4).tolist()
        [0.9833, 0.98, 0.98]
    """
    values = np.nan_to_num(np.asarray(p, np.float64), nan=1.0)
    alpha = 1 - level
    ranks = np.searchsorted(np.sort(values), values)  # number of arms with a smaller p value
    shown = adjust_directions(values) <= alpha
    ranks[~shown] = shown.sum()
    return np.asarray(1 - 2 * alpha / (2 * len(values) - ranks), np.float64)
