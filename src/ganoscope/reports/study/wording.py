"""Numbers, names and colours of a study's page."""

import math
from typing import Any

from ganoscope.evaluate.classification.metrics import METRICS
from ganoscope.figures.axes import COLOURS, STYLES
from ganoscope.studies.arms import ARMS
from ganoscope.studies.config import StudyConfig

NONE = "–"


def describe_intervals(config: StudyConfig) -> str:
    """Returns how intervals of means, of subgroups and of accuracies are made.

    Args:
        config: Configuration of the study.
    """
    over_splits = (
        "by the corrected t-test over splits, widened to twice the variance over the patients tested on where that is "
        "more"
    )
    over_patients = "over patients (jackknife, normal), and the models stay as they are"
    how = over_patients if config.estimand == "models" else over_splits
    external = f"; on the external store {over_patients}" if config.external and how == over_splits else ""
    return (
        f"Intervals of means, of subgroups and of accuracies are made {how}{external}. They are not adjusted for their "
        "number. Those of synthetic images, which are of no patient, and of always answering with one class are over "
        "splits alone."
    )


def name_metric(metric: str) -> str:
    """Returns the title of a metric.

    Example:
        >>> name_metric("auroc"), name_metric("f1_weighted")
        ('AUROC', 'weighted F1')
    """
    return METRICS.get(metric, metric.replace("_", " "))


def find_look(arm: str) -> dict[str, Any]:
    """Returns colour and line style of an arm: the same in every chart.

    Example:
        >>> find_look("baseline")
        {'color': '#0072B2', 'linestyle': '-'}
    """
    place = list(ARMS).index(arm)
    return {"color": COLOURS[place % len(COLOURS)], "linestyle": STYLES[place % len(STYLES)]}


def write_change(value: float) -> str:
    """Returns a difference with its sign; a dash where there is none.

    Example:
        >>> write_change(0.01234), write_change(math.nan)
        ('+0.0123', '–')
    """
    return f"{value:+.4f}" if math.isfinite(value) else NONE


def write_interval(low: float, high: float) -> str:
    """Returns the interval of a difference; a dash where there is none.

    Args:
        low: Lower end of the interval.
        high: Upper end.

    Example:
        >>> write_interval(-0.01, 0.02), write_interval(math.nan, math.nan)
        ('-0.0100 to +0.0200', '–')
    """
    return f"{write_change(low)} to {write_change(high)}" if math.isfinite(low) else NONE


def write_share(value: float) -> str:
    """Returns a share or an effect with two decimals; a dash where there is none.

    Example:
        >>> write_share(0.256), write_share(math.nan)
        ('0.26', '–')
    """
    return f"{value:.2f}" if math.isfinite(value) else NONE


def write_level(mean: float, low: float, high: float) -> str:
    """Returns a mean and its interval; the mean alone where there is no interval.

    Args:
        mean: The mean.
        low: Lower end of the interval.
        high: Upper end.

    Example:
        >>> write_level(0.5, 0.25, 0.75), write_level(0.5, math.nan, math.nan), write_level(math.nan, 0, 0)
        ('0.500 (0.250 to 0.750)', '0.500', '–')
    """
    if not math.isfinite(mean):
        return NONE
    return f"{mean:.3f} ({low:.3f} to {high:.3f})" if math.isfinite(low) else f"{mean:.3f}"


def write_p(p: float) -> str:
    """Returns a p value; a dash where there is none.

    Example:
        >>> write_p(0.00001), write_p(0.0312), write_p(math.nan)
        ('< 0.0001', '0.0312', '–')
    """
    if not math.isfinite(p):
        return NONE
    return "< 0.0001" if p < 0.0001 else f"{p:.3g}"
