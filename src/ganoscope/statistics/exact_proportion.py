"""Exact limits of proportions: how often something can happen that was seen so often in n trials."""

from ganoscope.statistics.estimate import LEVEL


def compute_clopper_pearson(found: int, count: int, level: float = LEVEL) -> tuple[float, float]:
    """Returns the exact two-sided interval of a proportion.

    Args:
        found: Number of trials in which it happened, 0 to `count`.
        count: Number of independent trials, 1 or more.
        level: Coverage, at least.

    Source: Clopper, Pearson 1934, https://doi.org/10.1093/biomet/26.4.404

    Example:
        >>> [round(end, 4) for end in compute_clopper_pearson(0, 1000)]
        [0.0, 0.0037]
    """
    from scipy.stats import beta  # imported late: it takes half a second

    tail = (1 - level) / 2
    low = 0.0 if found == 0 else float(beta.ppf(tail, found, count - found + 1))
    high = 1.0 if found == count else float(beta.ppf(1 - tail, found + 1, count - found))
    return low, high


def compute_upper_limit(found: int, count: int, level: float = LEVEL) -> float:
    """Returns the exact one-sided upper limit of a proportion; arguments as in `compute_clopper_pearson`.

    With nothing found it is 1 - (1 - level)^(1 / count).

    Example:
        >>> round(compute_upper_limit(0, 1000), 4)
        0.003
    """
    return compute_clopper_pearson(found, count, 2 * level - 1)[1] if found < count else 1.0
