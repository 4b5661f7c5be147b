"""Intervals of proportions."""

import numpy as np

from ganoscope.statistics.estimate import LEVEL


def compute_wilson_interval(share: float, count: int) -> tuple[float, float]:
    """Returns Wilson's 95% interval of a share among `count` independent images.

    (p + z^2/2n -+ z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2/n).

    The share need not be a multiple of 1 / count: where a patient has several images, `count` is the number of
    patients, which makes the interval wide rather than narrow.

    Source: Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953; Brown, Cai, DasGupta 2001, eq. 4,
        https://doi.org/10.1214/ss/1009213286

    Example:
        >>> [round(end, 3) for end in compute_wilson_interval(1.0, 10)]
        [0.722, 1.0]
    """
    from scipy.stats import norm  # imported late: it takes half a second

    z = float(norm.ppf((1 + LEVEL) / 2))
    centre = share + z**2 / (2 * count)
    half = z * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    scale = 1 + z**2 / count
    return min(share, float((centre - half) / scale)), max(share, float((centre + half) / scale))


def compute_clopper_pearson(successes: float, count: int, level: float = LEVEL) -> tuple[float, float]:
    """Returns the exact interval of a share among `count` independent images.

    The lower end is the alpha/2 quantile of Beta(k, n - k + 1), the upper one the 1 - alpha/2 quantile of
    Beta(k + 1, n - k), and 0 and 1 where k is 0 or n.

    Args:
        successes: Images that count, k; need not be whole where a patient has several images, and `count` is the
            number of patients.
        count: Number n of images or patients, 1 or more.
        level: Coverage, 1 - alpha.

    Source: Clopper, Pearson 1934, https://doi.org/10.1093/biomet/26.4.404

    Example:
        >>> [round(end, 4) for end in compute_clopper_pearson(2, 200)]
        [0.0012, 0.0357]
    """
    from scipy.stats import beta  # imported late: it takes half a second

    tail, failures = (1 - level) / 2, count - successes
    low = float(beta.ppf(tail, successes, failures + 1)) if successes > 0 else 0.0
    high = float(beta.ppf(1 - tail, successes + 1, failures)) if failures > 0 else 1.0
    return low, high


def compute_upper_limit(found: int, count: int, level: float = LEVEL) -> float:
    """Returns the exact one-sided upper limit of a share: with nothing found, 1 - (1 - level)^(1 / count).

    Args:
        found: Images that count.
        count: Number of independent images, 1 or more.
        level: Coverage.

    Example:
        >>> round(compute_upper_limit(0, 1000), 4)
        0.003
    """
    return compute_clopper_pearson(found, count, 2 * level - 1)[1] if found < count else 1.0
