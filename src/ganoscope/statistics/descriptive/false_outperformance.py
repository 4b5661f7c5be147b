"""Probability of false outperformance: that a method which looks better is not.

Source: Christodoulou, Reinke, Andrè et al. 2025, "False Promises in Medical Imaging AI? Assessing Validity of
    Outperformance Claims", methods, https://arxiv.org/abs/2505.04720
"""

from ganoscope.statistics.corrected_t import MeanDifference


def compute_false_outperformance(only_ours: float, only_theirs: float) -> float:
    r"""Returns the posterior probability that the accuracy of the method that looks better is no higher.

    .. math:: P(p_A \le p_B) = P(p_1 \le p_2), \quad
        (p_1, p_2, 1 - p_1 - p_2) \sim D(x_1 + 1, x_2 + 1, n - x_1 - x_2 + 2)

    with x_1 and x_2 cases that A alone and B alone answer right, out of n. As p_1 / (p_1 + p_2) of this Dirichlet
    distribution is Beta(x_1 + 1, x_2 + 1), it is the regularised incomplete beta function at one half: cases that both
    methods answer alike don't matter.

    Args:
        only_ours: Independent cases (patients) that the method in question answers right and the other wrong.
        only_theirs: Cases that the other answers right and the method in question wrong.

    Example:
        >>> round(compute_false_outperformance(12, 5), 4)
        0.0481
    """
    from scipy.special import betainc  # imported late: it takes half a second

    return float(betainc(only_ours + 1, only_theirs + 1, 0.5))


def compute_false_outperformance_of_mean(found: MeanDifference) -> float:
    r"""Returns the posterior probability that the mean of an endpoint such as AUROC is no higher than the baseline's.

    .. math:: P(\mu_A \le \mu_B) = t_{J-1}(-\bar d / SE)

    Args:
        found: What `compare_splits` returns.

    Returns:
        The probability; NaN where the variance can't be known.

    Differs: the standard error is the corrected one of splits that share patients, in place of s / sqrt(n) over
        independent images.

    Example:
        >>> from ganoscope.statistics.corrected_t import compare_splits
        >>> import numpy as np
        >>> found = compare_splits(np.array([0.01, 0.03, 0.02, 0.02, 0.04]), 0.25)
        >>> round(compute_false_outperformance_of_mean(found), 4)
        0.0175
    """
    from scipy.stats import t  # imported late: it takes half a second

    return float(t.cdf(-found.value / found.standard_error, found.splits - 1))
