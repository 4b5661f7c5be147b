"""Training curves of every arm: mean and spread over splits and seeds, epoch by epoch."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ganoscope.files.records import Number, read_records
from ganoscope.studies.analysis.kept_tables import KeptTable
from ganoscope.studies.result_tables import HISTORY

METRICS = ("train_loss", "validation_loss", "validation_accuracy", "validation_auroc", "added_share")


@dataclass(frozen=True)
class EpochRow:
    """What is read of a row of the study's `history.csv`: an epoch of one classifier.

    Attributes:
        arm: The arm.
        family: Family of classifiers.
        epoch: Number of the epoch, from 1.
        train_loss: As in `Epoch`, like all that follows.
        validation_loss: Loss on the validation split.
        validation_auroc: AUROC on it.
        validation_accuracy: Accuracy on it.
        added_share: Share of added images.
    """

    arm: str
    family: str
    epoch: int
    train_loss: Number
    validation_loss: Number
    validation_auroc: Number
    validation_accuracy: Number
    added_share: float


@dataclass(frozen=True)
class CurvePoint:
    """A metric of an arm after one epoch.

    Attributes:
        family: Family of classifiers.
        arm: The arm.
        metric: The metric.
        epoch: Number of the epoch, from 1.
        mean: Mean over splits and seeds.
        sd: Standard deviation over them; NaN for a single one.
        classifiers: Their number.
    """

    family: str
    arm: str
    metric: str
    epoch: int
    mean: Number
    sd: Number
    classifiers: int


TABLE = KeptTable("curves.csv", CurvePoint)


def average_curves(out: Path) -> Iterator[CurvePoint]:
    """Yields the mean curves of a study.

    Args:
        out: Folder of the study, with its tables.
    """
    values: dict[tuple[str, str, str, int], list[float]] = defaultdict(list)
    for row in read_records(out / HISTORY, EpochRow):
        for metric in METRICS:
            values[row.family, row.arm, metric, row.epoch].append(getattr(row, metric))
    for (family, arm, metric, epoch), found in values.items():
        sd = float(np.std(found, ddof=1)) if len(found) > 1 else np.nan
        yield CurvePoint(family, arm, metric, epoch, float(np.mean(found)), sd, len(found))
