"""Power of the corrected resampled t-test: what a design can find before anything is trained.

Source: the statistic of Nadeau, Bengio 2003, under a true difference follows the noncentral t distribution, as that of
    an ordinary t test: Cohen 1988, "Statistical Power Analysis for the Behavioral Sciences", ch. 2
"""

import numpy as np

from ganoscope.statistics.corrected_t import compute_variance_factor
from ganoscope.statistics.estimate import LEVEL

POWER = 0.8
"""Probability with which the minimum detectable difference is found."""
POINTS = 4000
"""Points of an average over standard deviations."""


def compute_power(difference_sd: float, splits: int, ratio: float, alpha: float) -> float:
    """Returns the probability that the two-sided corrected t-test finds a difference, with the right sign.

    Args:
        difference_sd: True difference over the standard deviation of differences over splits.
        splits: Number of splits J, 2 or more.
        ratio: Patients tested on over patients trained on.
        alpha: Two-sided level of the test.

    Example:
        >>> round(compute_power(1.57, 25, 0.25, 0.05), 2)
        0.8
    """
    from scipy.stats import nct, t  # imported late: it takes half a second

    shift = abs(difference_sd) / np.sqrt(compute_variance_factor(splits, ratio))
    power = float(nct.sf(t.ppf(1 - alpha / 2, splits - 1), splits - 1, shift))
    return 1.0 if np.isnan(power) else power  # far tails are NaN in some versions


def compute_minimum_detectable_difference(splits: int, ratio: float, alpha: float, power: float = POWER) -> float:
    """Returns the true difference that the corrected t-test finds with 80% power, in SD of the split differences.

    Args:
        splits: Number of splits J; with one there is no such difference: infinity.
        ratio: Patients tested on over patients trained on.
        alpha: Two-sided level of the test; after Holm over m arms, alpha / m for the first of them.
        power: Probability of finding it.

    Example:
        >>> [round(compute_minimum_detectable_difference(splits, 0.25, 0.05), 2) for splits in (5, 10, 25, 50)]
        [2.52, 1.86, 1.57, 1.49]
    """
    from scipy.optimize import brentq  # imported late: it takes half a second

    if splits < 2:
        return float("inf")
    largest = 1.0
    while compute_power(largest, splits, ratio, alpha) < power:
        largest *= 2
    found: float = brentq(lambda shift: compute_power(shift, splits, ratio, alpha) - power, 0, largest, xtol=1e-9)
    return found


def compute_equivalence_power(margin_sd: float, splits: int, ratio: float, alpha: float) -> float:
    r"""Returns the probability of "practically equal" where there is truly no difference.

    .. math:: P(|\bar d| + t_{1 - \alpha/2, J - 1} \, c \, s < margin), \quad c^2 = 1/J + n_{test}/n_{train}

    with a normal mean of variance c^2 and the independent s^2 (J - 1) chi-square, averaged over equally probable s.

    Args:
        margin_sd: Margin over the standard deviation of differences over splits.
        splits: Number of splits J, 2 or more.
        ratio: Patients tested on over patients trained on.
        alpha: 1 minus the level of the interval.

    Source: Phillips 1990, https://doi.org/10.1007/BF01063556, for two one-sided tests.

    Example:
        >>> [round(compute_equivalence_power(margin_sd, 25, 0.25, 0.05), 2) for margin_sd in (0.5, 1.5, 2, 3)]
        [0.0, 0.52, 0.89, 1.0]
    """
    from scipy.stats import chi2, norm, t  # imported late: it takes half a second

    factor = np.sqrt(compute_variance_factor(splits, ratio))
    shares = (np.arange(POINTS) + 0.5) / POINTS
    sd = np.sqrt(chi2.ppf(shares, splits - 1) / (splits - 1))
    room = np.maximum(margin_sd - t.ppf(1 - alpha / 2, splits - 1) * factor * sd, 0)
    return float((2 * norm.cdf(room / factor) - 1).mean())


def compute_sd_interval(sd: float, splits: int) -> tuple[float, float]:
    r"""Returns the 95% interval of a standard deviation of splits, such as that of a pilot.

    .. math:: s \sqrt{(J - 1) / \chi^2_{0.975, J-1}}, \quad s \sqrt{(J - 1) / \chi^2_{0.025, J-1}}

    Splits that all correlate alike shift together, which leaves this distribution as it is.

    Args:
        sd: Standard deviation over splits.
        splits: Number of splits J, 2 or more.

    Source: Cochran 1934, https://doi.org/10.1017/S0305004100016595

    Example:
        >>> [round(end, 4) for end in compute_sd_interval(0.02, 10)]
        [0.0138, 0.0365]
    """
    from scipy.stats import chi2  # imported late: it takes half a second

    low, high = (
        sd * np.sqrt((splits - 1) / chi2.ppf(share, splits - 1)) for share in ((1 + LEVEL) / 2, (1 - LEVEL) / 2)
    )
    return float(low), float(high)


def compute_smallest_exact_p(pairs: int) -> float:
    """Returns the smallest two-sided p value of exact signed-rank, sign and permutation tests on pairs, 2^(1 - pairs).

    The corrected t-test has no such limit from 2 splits on; a test that assumes no distribution has.

    Source: Wilcoxon 1945, https://doi.org/10.2307/3001968

    Example:
        >>> compute_smallest_exact_p(5), compute_smallest_exact_p(6)
        (0.0625, 0.03125)
    """
    return float(2.0 ** (1 - pairs))
