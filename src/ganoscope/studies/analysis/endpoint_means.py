"""Mean of every metric over splits, with its interval, beside that of always naming the most frequent class."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ganoscope.evaluate.classification.metrics import METRICS
from ganoscope.files.records import Number, read_records
from ganoscope.statistics.corrected_t import compare_splits
from ganoscope.studies.analysis.kept_tables import KeptTable
from ganoscope.studies.evidence.estimated_means import EstimatedMeans
from ganoscope.studies.evidence.held_out_answers import Key
from ganoscope.studies.result_files import HELD_OUT, RESULTS
from ganoscope.studies.result_tables import Result

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
        low: Lower end of the 95% interval, as `EstimatedMeans` makes it; NaN where there is none.
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


def measure_endpoints(out: Path, means: EstimatedMeans) -> Iterator[EndpointMean]:
    """Yields the mean of every metric of every arm, family and part.

    Args:
        out: Folder of the study, with its tables.
        means: How means are estimated.
    """
    found: dict[Key, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in read_records(out / RESULTS, Result):
        for metric in METRICS:
            found[row.part, row.arm, row.family, metric][row.split].append(float(getattr(row, metric)))
    for key, by_split in found.items():
        yield average(key, [np.mean(values) for values in by_split.values()], means)


def average(key: Key, values: ArrayLike, means: EstimatedMeans) -> EndpointMean:
    """Returns the mean of a metric over the splits in which it is defined.

    Args:
        key: Part, arm, family and metric.
        values: Value of each split, shape (splits,).
        means: How it is estimated.
    """
    part, arm, family, metric = key
    mean = means.estimate_level(key, values)
    if mean is None:
        return EndpointMean(part, family, arm, metric, np.nan, np.nan, np.nan, 0)
    return EndpointMean(part, family, arm, metric, mean.value, mean.low, mean.high, mean.splits)


def measure_always(counts: Mapping[int, Mapping[str, int]], ratio: float) -> Iterator[EndpointMean]:
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
        mean = compare_splits(values, ratio)
        low, high = np.clip((mean.low, mean.high), 0, 1).tolist()
        yield EndpointMean(HELD_OUT, "", ALWAYS, metric, mean.value, low, high, len(values))
