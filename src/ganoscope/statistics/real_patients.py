"""What synthetic data are worth in real patients: an arm placed on the low-data curve of the baseline."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.statistics.bootstrap import RESAMPLES
from ganoscope.statistics.corrected_t import compute_variance_factor
from ganoscope.statistics.estimate import compute_percentile_interval

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Worth:
    """Real patients whose addition would bring the baseline to the arm's endpoint.

    Negative numbers are patients that could be taken away. For an arm without real patients, they are the patients that
    the baseline would need. A number at `least` means that many or fewer, one at `most`
    that many or more: beyond the measured curve nothing is told.

    Attributes:
        real: Real patients that the arm was trained on; 0 for an arm without any.
        added: Patients to add.
        low: Lower end of the 95% interval.
        high: Upper end.
        least: Smallest number that the curve can tell.
        most: Largest number that the curve can tell; 0 where no point has more real patients than the arm.
    """

    real: int
    added: float
    low: float
    high: float
    least: int
    most: int


def fit_isotonic(curves: Floats) -> Floats:
    r"""Returns the non-decreasing curves nearest to each row in squares, shape (R, P).

    .. math:: \hat f_i = \max_{j \le i} \min_{k \ge i} \mathrm{mean}(f_j, ..., f_k)

    Args:
        curves: Shape (R, P).

    Source: Barlow, Bartholomew, Bremner, Brunk 1972, "Statistical Inference under Order Restrictions", eq. 1.9

    Example:
        >>> fit_isotonic(np.array([[1.0, 3.0, 2.0, 4.0]])).tolist()
        [[1.0, 2.5, 2.5, 4.0]]
    """
    points = curves.shape[1]
    sums = np.concatenate([np.zeros((len(curves), 1)), curves.cumsum(1)], axis=1)
    means = np.full((len(curves), points, points), np.inf)
    for first in range(points):
        for last in range(first, points):
            means[:, first, last] = (sums[:, last + 1] - sums[:, first]) / (last + 1 - first)
    least = np.minimum.accumulate(means[:, :, ::-1], axis=2)[:, :, ::-1]
    return np.stack([least[:, : point + 1, point].max(1) for point in range(points)], axis=1)


def find_size(sizes: NDArray[np.int64], curve: Floats, level: float) -> float:
    """Returns the number of patients at which a non-decreasing curve reaches a level.

    The curve is linear in the logarithm of the number between its points; beyond them its first or last number is
    returned. Where it is flat at the level, it is the middle of the flat part on the logarithmic scale.

    Args:
        sizes: Numbers of patients, ascending, shape (P,).
        curve: Endpoint at each, non-decreasing, shape (P,).
        level: Level to reach.

    Example:
        >>> round(find_size(np.array([50, 100, 200]), np.array([0.7, 0.8, 0.9]), 0.85), 1)
        141.4
    """
    first, after = int(np.searchsorted(curve, level, "left")), int(np.searchsorted(curve, level, "right"))
    if after > first:
        return float(np.sqrt(sizes[first] * sizes[after - 1]))
    if first in (0, len(curve)):
        return float(sizes[min(first, len(curve) - 1)])
    share = (level - curve[first - 1]) / (curve[first] - curve[first - 1])
    return float(sizes[first - 1] * (sizes[first] / sizes[first - 1]) ** share)


def draw_means(values: Floats, ratio: float, random: np.random.Generator, draws: int) -> Floats:
    r"""Returns draws of the mean vector of several endpoints over splits that share patients, shape (draws, P).

    .. math:: m + \sqrt{1/J + n_{test}/n_{train}} \, \sqrt{(J - 1) / \chi^2_{J-1}} \, S^{1/2} z

    so that every contrast of the endpoints has the distribution that the corrected t-test gives it.

    Args:
        values: Endpoints of each split, shape (J, P), J of 2 or more.
        ratio: Patients tested on over patients trained on.
        random: Source of the draws.
        draws: Number of draws.

    Source: Benavoli, Corani, Demsar, Zaffalon 2017, section 4, for vectors.
    """
    splits = len(values)
    mean = values.mean(0)
    scatter = random.normal(size=(draws, splits)) @ (values - mean) / np.sqrt(splits - 1)
    spread = np.sqrt(compute_variance_factor(splits, ratio) * (splits - 1) / random.chisquare(splits - 1, draws))
    drawn: Floats = mean + spread[:, None] * scatter
    return drawn


def estimate_worth(
    sizes: NDArray[np.int64], curve: Floats, real: int, arm: Floats, ratio: float, random: np.random.Generator
) -> Worth:
    """Returns what an arm is worth in real patients, with its 95% interval.

    The curve of the baseline, averaged over splits, is made non-decreasing, and read backwards at the arm's average.
    The interval repeats that for draws of all averages together, with the variance corrected for shared patients and
    the pairing by split kept.

    Args:
        sizes: Numbers of real patients that the baseline was trained on, ascending, shape (P,).
        curve: Endpoint of the baseline, shape (J, P), J splits of 2 or more; higher is better.
        real: Real patients that the arm was trained on.
        arm: Endpoint of the arm in the same splits, shape (J,).
        ratio: Patients tested on over patients trained on.
        random: Source of the draws.
    """
    values = np.concatenate([curve, arm[:, None]], axis=1)
    drawn = np.concatenate([values.mean(0)[None], draw_means(values, ratio, random, RESAMPLES)])
    fitted = fit_isotonic(drawn[:, :-1])
    found = np.array([find_size(sizes, row, level) for row, level in zip(fitted, drawn[:, -1], strict=True)]) - real
    low, high = compute_percentile_interval(found[1:])
    return Worth(real, float(found[0]), low, high, int(sizes[0]) - real, int(sizes[-1]) - real)


def describe_worth(worth: Worth) -> str:
    """Returns the worth as a sentence, which never goes beyond the measured curve.

    Args:
        worth: What `estimate_worth` returns.

    Example:
        >>> describe_worth(Worth(100, 41.4, 12.2, 100.0, -50, 100))
        'equal to adding 41 more real patients (95% interval: 12 more to over 100 more)'
        >>> describe_worth(Worth(100, 20.0, -50.0, 100.0, -50, 100))
        "can't be told: over 50 fewer to over 100 more real patients lie in the 95% interval"
        >>> describe_worth(Worth(50, 0.0, 0.0, 12.0, 0, 150))
        'no better than 0 more real patients, and the curve has no smaller point (95% interval: 0 or fewer to 12 more)'
        >>> describe_worth(Worth(0, 80.0, 50.0, 120.0, 50, 200))
        'equal to 80 real patients (95% interval: 50 or fewer to 120)'
    """
    if worth.most <= 0 and worth.high >= worth.most:
        return "can't be told: no point of the low-data curve has more real patients than the arm"
    low, high = (write_end(end, worth) for end in (worth.low, worth.high))
    if worth.low <= worth.least and worth.high >= worth.most:
        return f"can't be told: {low} to {high} real patients lie in the 95% interval"
    return f"{write_middle(worth)} (95% interval: {low} to {high})"


def write_middle(worth: Worth) -> str:
    """Returns the number of patients that an arm is worth, without its interval."""
    number = abs(round(worth.added))
    over = "over " if worth.added >= worth.most or (worth.added <= worth.least < 0) else ""
    if worth.added <= worth.least and worth.least >= 0:
        more = " more" if worth.real else ""
        return f"no better than {number}{more} real patients, and the curve has no smaller point"
    if not worth.real:
        return f"equal to {over}{number} real patients"
    if round(worth.added) < 0:
        return f"equal to taking away {over}{number} real patients"
    return f"equal to adding {over}{number}{'' if over else ' more'} real patients"


def write_end(patients: float, worth: Worth) -> str:
    """Returns an end of the interval, "over" or "or fewer" where it lies beyond the curve.

    Args:
        patients: The number; negative to take away.
        worth: Says where the curve ends.
    """
    number = abs(round(patients))
    if patients <= worth.least and worth.least >= 0:
        return f"{number} or fewer"
    over = "over " if patients >= worth.most or patients <= worth.least else ""
    return f"{over}{number}" + ("" if not worth.real else " fewer" if round(patients) < 0 else " more")
