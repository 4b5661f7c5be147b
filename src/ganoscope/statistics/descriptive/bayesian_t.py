"""Bayesian correlated t-test: probabilities that an arm is worse, practically equal, or better."""

from dataclasses import dataclass

from ganoscope.files.records import Number
from ganoscope.statistics.corrected_t import MeanDifference


@dataclass(frozen=True)
class Posterior:
    """Probabilities that add up to 1; NaN where the variance can't be known.

    Attributes:
        left: The true difference is below -margin: the arm is worse.
        equal: It is within the margin: practically equal.
        right: It is above the margin: the arm is better.
    """

    left: Number
    equal: Number
    right: Number


def compute_posterior(found: MeanDifference, margin: float) -> Posterior:
    r"""Returns the posterior probabilities of a mean difference over splits that share patients.

    .. math:: \delta \sim t_{J-1}\left(\bar d, (1/J + \rho / (1 - \rho)) s^2\right), \quad
        \rho / (1 - \rho) = n_{test} / n_{train}

    from a flat prior of mean and log variance. It describes, and decides nothing.

    Args:
        found: What `compare_splits` returns.
        margin: Differences of at most this size are practically equal (the region of practical equivalence); 0 or
            more.

    Source: Corani, Benavoli 2015, https://doi.org/10.1007/s10994-015-5486-z; Benavoli, Corani, Demsar, Zaffalon 2017,
        section 4, https://www.jmlr.org/papers/v18/16-305.html

    Example:
        >>> from ganoscope.statistics.corrected_t import compare_splits
        >>> import numpy as np
        >>> found = compute_posterior(compare_splits(np.array([0.01, 0.03, 0.02, 0.02, 0.04]), 0.25), 0.01)
        >>> round(found.left, 3), round(found.equal, 3), round(found.right, 3)
        (0.006, 0.065, 0.929)
    """
    from scipy.stats import t  # imported late: it takes half a second

    left = float(t.cdf(-margin, found.splits - 1, found.value, found.standard_error))
    right = float(t.sf(margin, found.splits - 1, found.value, found.standard_error))
    return Posterior(left, 1 - left - right, right)
