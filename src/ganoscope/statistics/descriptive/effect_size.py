"""Effect size of paired differences over splits."""

import numpy as np

from ganoscope.statistics.corrected_t import MeanDifference, compute_variance_factor
from ganoscope.statistics.estimate import LEVEL


def compute_small_sample_factor(degrees: int) -> float:
    r"""Returns Hedges' factor, by which a standardised mean difference is multiplied to remove its bias.

    .. math:: c(m) = \Gamma(m/2) / (\sqrt{m/2} \, \Gamma((m - 1)/2))

    Source: Hedges 1981, eq. 6e, https://doi.org/10.3102/10769986006002107

    Example:
        >>> round(compute_small_sample_factor(4), 4), round(compute_small_sample_factor(24), 4)
        (0.7979, 0.9684)
    """
    from scipy.special import gammaln  # imported late: it takes half a second

    return float(np.exp(gammaln(degrees / 2) - gammaln((degrees - 1) / 2)) / np.sqrt(degrees / 2))


def compute_effect_size(found: MeanDifference) -> tuple[float, float, float]:
    r"""Returns (d, low, high): mean difference over the SD of differences over splits, with its 95% interval.

    .. math:: d = c(J - 1) \, \bar d / s

    The interval holds the d whose noncentral t distribution doesn't make the corrected t value a rare one. The scale
    is the scatter over splits, not over patients: it says how reliably a rerun with other patients would show the same
    sign, and is not comparable with d of studies over patients.

    Args:
        found: What `compare_splits` returns.

    Returns:
        Three numbers; NaN with fewer than 3 splits, or where the variance can't be known.

    Source: Cohen 1988, ch. 2.3.5 (d of paired differences); interval: Steiger, Fouladi 1997, as in Cumming, Finch 2001,
        https://doi.org/10.1177/0013164401614002

    Example:
        >>> from ganoscope.statistics.corrected_t import compare_splits
        >>> found = compare_splits(np.array([0.01, 0.03, 0.02, 0.02]), 0.25)
        >>> [round(number, 2) for number in compute_effect_size(found)]
        [1.77, 0.09, 4.72]
    """
    if not found.standard_error > 0 or found.splits < 3:
        return np.nan, np.nan, np.nan
    factor = compute_small_sample_factor(found.splits - 1)
    scale = float(np.sqrt(compute_variance_factor(found.splits, found.ratio)))
    value = found.value / found.standard_error
    ends = [solve_noncentrality(value, found.splits - 1, share) for share in ((1 + LEVEL) / 2, (1 - LEVEL) / 2)]
    return factor * found.value / found.sd, scale * ends[0], scale * ends[1]


def solve_noncentrality(value: float, degrees: int, share: float) -> float:
    """Returns the noncentrality at which a share of t values lies below a value.

    Args:
        value: The t value.
        degrees: Degrees of freedom.
        share: Probability of smaller values.
    """
    from scipy.optimize import brentq  # imported late: it takes half a second
    from scipy.stats import nct

    def excess(shift: float) -> float:
        above = float(nct.sf(value, degrees, shift))
        return (float(shift < value) if np.isnan(above) else 1 - above) - share  # far tails are NaN in some versions

    reach = 10.0 + 2 * abs(value)
    found: float = brentq(excess, value - reach, value + reach, xtol=1e-9)
    return found
