"""Mean of every metric over splits, with corrected intervals, beside that of always naming the most frequent class."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ganoscope.evaluate.classification.metrics import METRICS
from ganoscope.files.records import Number, read_records
from ganoscope.statistics.corrected_t import compare_splits
from ganoscope.studies.analysis.kept_tables import KeptTable
from ganoscope.studies.held_out_answers import PatientVariances
from ganoscope.studies.result_files import HELD_OUT, RESULTS
from ganoscope.studies.result_tables import Result

LARGEST = {"brier": 2.0}
"""Upper end of the range of a metric that does not end at 1."""
ALWAYS = "most frequent class"
"""Stands in place of an arm where every image is given the most frequent class."""


@dataclass(frozen=True)
class EndpointMean:
    """A metric of one arm, over splits.

    Attributes:
        part: What was tested on.
        family: Family of classifiers; "" for `ALWAYS`.
        arm: The arm.
        metric: The metric.
        mean: Mean over splits of the mean over seeds.
        low: Lower end of the corrected 95 % interval, widened where images have patients, and cut at the end of the
            metric's range; NaN where there is none.
        high: Upper end.
        splits: Number of splits in which it is defined.
    """

    part: str
    family: str
    arm: str
    metric: str
    mean: Number
    low: Number
    high: Number
    splits: int


TABLE = KeptTable("endpoints.csv", EndpointMean)


def measure_endpoints(out: Path, ratio: float, variances: PatientVariances) -> Iterator[EndpointMean]:
    """Yields the mean of every metric of every arm, family and part; and those of always naming one class.

    Args:
        out: Folder of the study, with its tables.
        ratio: Test images per training image.
        variances: How much means depend on who was tested.
    """
    found: dict[tuple[str, str, str, str], dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in read_records(out / RESULTS, Result):
        for metric in METRICS:
            found[row.part, row.family, row.arm, metric][row.split].append(float(getattr(row, metric)))
    for (part, family, arm, metric), by_split in found.items():
        variance = variances.find_level(part, arm, family, metric)
        yield average((part, family, arm, metric), [np.mean(values) for values in by_split.values()], ratio, variance)


def average(key: tuple[str, str, str, str], values: ArrayLike, ratio: float, variance: float = np.nan) -> EndpointMean:
    """Returns the mean of a metric over the splits in which it is defined.

    Args:
        key: Part, family, arm and metric.
        values: Value of each split, shape (splits,).
        ratio: Test images per training image.
        variance: Variance of the mean over patients; NaN where it is not known.
    """
    known = np.asarray(values)[np.isfinite(values)]
    if not len(known):
        return EndpointMean(*key, np.nan, np.nan, np.nan, 0)
    mean, largest = compare_splits(known, ratio, variance), LARGEST.get(key[-1], 1.0)
    if not mean.standard_error > 0:
        return EndpointMean(*key, mean.value, np.nan, np.nan, len(known))
    return EndpointMean(*key, mean.value, max(0.0, mean.low), min(largest, mean.high), len(known))


def measure_always(counts: dict[int, dict[str, int]], ratio: float) -> Iterator[EndpointMean]:
    """Yields accuracy, balanced accuracy and AUROC of giving every held-out image the most frequent class.

    Args:
        counts: Held-out images of each class, by split.
        ratio: Test images per training image.

    Example:
        >>> found = list(measure_always({0: {"a": 3, "b": 1}, 1: {"a": 2, "b": 2}}, 0.25))
        >>> [(one.metric, one.mean) for one in found]
        [('accuracy', 0.625), ('balanced_accuracy', 0.5), ('auroc', 0.5)]
    """
    totals: dict[str, int] = defaultdict(int)
    for split in counts.values():
        for label, number in split.items():
            totals[label] += number
    largest = max(totals, key=lambda label: totals[label])
    shares = np.array([split.get(largest, 0) / sum(split.values()) for split in counts.values()])
    same = np.ones(len(counts))
    for metric, values in (
        ("accuracy", shares),
        ("balanced_accuracy", same / len(totals)),
        ("auroc", same / 2),
    ):
        yield average((HELD_OUT, "", ALWAYS, metric), values, ratio)
