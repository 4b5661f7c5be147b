"""Which of many tests count, when a stated share of those that do may be wrong."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def adjust_benjamini_hochberg(p: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    r"""Returns p values adjusted for the rate of false discoveries, in the order given, shape (m,).

    .. math:: \tilde p_{(i)} = \min_{j \ge i} \min(1, m p_{(j)} / j)

    Among tests whose adjusted value is at most q, the expected share of true null hypotheses is at most q, for tests
    that are independent or positively dependent.

    Args:
        p: p values, shape (m,).

    Source: Benjamini, Hochberg 1995, https://doi.org/10.1111/j.2517-6161.1995.tb02031.x; positive dependence:
        Benjamini, Yekutieli 2001, https://doi.org/10.1214/aos/1013699998

    Example:
        >>> adjust_benjamini_hochberg([0.01, 0.04, 0.03]).round(3).tolist()
        [0.03, 0.04, 0.04]
    """
    values = np.asarray(p, np.float64)
    order = np.argsort(values, kind="stable")
    steps = values[order] * len(values) / np.arange(1, len(values) + 1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum.accumulate(steps[::-1])[::-1]
    return np.minimum(adjusted, 1)
