"""Intervals of proportions."""

import numpy as np

from ganoscope.statistics.estimate import LEVEL


def compute_wilson_interval(share: float, count: int) -> tuple[float, float]:
    """Returns Wilson's 95 % interval of a share among `count` independent images.

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
