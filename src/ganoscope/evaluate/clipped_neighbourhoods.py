"""Clipped density and coverage: what single images contribute is limited, and the scale is that of good images.

An image counts as good at most once, however many neighbourhoods hold it, and neighbourhoods of outliers reach no
further than the median one. Both scores are calibrated: where a share p of the generated images is drawn like real
ones, and the others lie far away, the score is about p.

Source: Salvy, Talbot, Thirion 2025, "Enhanced Generative Model Evaluation with Clipped Density and Coverage",
    https://arxiv.org/abs/2507.01761
Differs: neighbours of the same patient don't count; the interval resamples the images whose share is counted, by
    patient, as in `ganoscope.evaluate.neighbourhoods`.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ganoscope.evaluate.neighbourhoods import NEIGHBOURS, Neighbourhoods
from ganoscope.statistics.bootstrap import estimate_mean
from ganoscope.statistics.estimate import Estimate

Floats = NDArray[np.float64]


def compute_clipped_density(found: Neighbourhoods) -> Estimate:
    r"""Returns the clipped density of a set.

    D = mean_j min(#\{i: |x_j - y_i| <= r_i\} / k, 1), with r_i the distance of y_i from its k-th neighbour, at most the
    median of these; the result is min(D(first) / D(reference), 1), an image of the reference being no neighbour of
    its own group.

    Args:
        found: Generated images beside real ones.
    """
    own = float(count_share(found.reference.own_held).mean())
    estimate = estimate_mean(count_share(found.clipped_held), found.own_groups)
    value, low, high = (min(end / own, 1.0) for end in (estimate.value, estimate.low, estimate.high))
    return Estimate(value, low, high, estimate.n, estimate.groups)


def compute_clipped_coverage(found: Neighbourhoods) -> Estimate:
    r"""Returns the clipped coverage of a set.

    C = mean_i min(#\{j: |x_j - y_i| <= NND_k(y_i)\} / k, 1); the result is the share of good images among the
    generated ones that C is expected for, see `tabulate_coverage`.

    Args:
        found: Generated images beside real ones.
    """
    estimate = estimate_mean(count_share(found.met), found.groups)
    sizes = np.unique(found.groups, return_counts=True)[1]
    others = round(len(found.groups) - float((sizes**2).sum() / sizes.sum()))
    expected = np.array(tabulate_coverage(others, len(found.own_groups)))
    good = np.linspace(0.0, 1.0, len(expected))
    value, low, high = (float(np.interp(end, expected, good)) for end in (estimate.value, estimate.low, estimate.high))
    return Estimate(value, low, high, estimate.n, estimate.groups)


def count_share(counts: NDArray[np.int64]) -> Floats:
    """Returns min(count / NEIGHBOURS, 1) of counts of any shape, same shape."""
    return np.minimum(counts / NEIGHBOURS, 1.0)


@lru_cache(maxsize=64)
def tabulate_coverage(others: int, generated: int) -> tuple[float, ...]:
    r"""Returns the coverage that is expected where m of the generated images are drawn like real ones, m = 0 ... M.

    With n real and m generated images in random order of their distance, J generated ones come before the k-th real
    one: P(J = j) = C(j + k - 1, j) C(m - j + n - k, m - j) / C(n + m, m). The expected coverage is E min(J / k, 1).

    Source: derived here from exchangeability: the negative hypergeometric distribution, Johnson, Kemp, Kotz 2005,
        "Univariate Discrete Distributions", sect. 6.2.2. It is the function that Salvy et al. 2025 invert.

    Args:
        others: Number n of real images that may be neighbours of an image.
        generated: Number M of generated images.
    """
    from scipy.special import gammaln  # imported late: it takes half a second

    k, n = NEIGHBOURS, others
    m = np.arange(generated + 1)[:, None].astype(np.float64)
    j = np.arange(k)[None].astype(np.float64)

    def choose(top: Floats, bottom: Floats) -> Floats:
        safe = np.maximum(bottom, 0)
        return gammaln(top + 1) - gammaln(safe + 1) - gammaln(np.maximum(top - safe, 0) + 1)

    possible = j <= m
    rest = np.maximum(m - j, 0)
    chance = np.where(possible, np.exp(choose(j + k - 1, j) + choose(rest + n - k, rest) - choose(n + m, m)), 0.0)
    expected = 1 - (chance * (1 - j / k)).sum(axis=1)
    return tuple(np.maximum.accumulate(expected.clip(0.0, 1.0)).tolist())
