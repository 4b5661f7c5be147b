"""The goal that system E set itself, above 85% test accuracy, improved by augmentation, beside what is measured."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ganoscope.files.records import Number
from ganoscope.studies.analysis.kept_tables import KeptTable
from ganoscope.studies.arms import ARMS, BASELINE
from ganoscope.studies.evidence.estimated_means import EstimatedMeans
from ganoscope.studies.result_files import HELD_OUT
from ganoscope.studies.result_tables import read_outcomes

GOAL = 0.85
"""Test accuracy to be exceeded."""


@dataclass(frozen=True)
class ArmAccuracy:
    """Accuracy of an arm on held-out patients.

    Attributes:
        family: Family of classifiers.
        arm: The arm.
        accuracy: Mean over splits.
        above: Whether it is above `GOAL`.
        difference: Mean of arm minus baseline; NaN for the baseline.
        low: Lower end of the 95% interval of the difference, as `EstimatedMeans` makes it.
        high: Upper end.
        improved: Whether this interval lies above 0.
    """

    family: str
    arm: str
    accuracy: Number
    above: str
    difference: Number
    low: Number
    high: Number
    improved: str


TABLE = KeptTable("goal.csv", ArmAccuracy)


def measure_goal(out: Path, splits: int, means: EstimatedMeans) -> Iterator[ArmAccuracy]:
    """Yields the accuracy of every arm beside the goal.

    Args:
        out: Folder of the study, with its tables.
        splits: Number of outer splits.
        means: How means are estimated.
    """
    outcomes = read_outcomes(out, "accuracy", splits)
    for (part, arm, family), values in outcomes.values.items():
        if part != HELD_OUT or arm not in ARMS:
            continue
        accuracy = float(np.nanmean(values))
        above = "yes" if accuracy > GOAL else "no"
        change = values - outcomes.find(part, BASELINE, family)
        mean = (
            None if arm == BASELINE else means.estimate_difference((part, arm, family, "accuracy"), change, "accuracy")
        )
        if mean is None:
            yield ArmAccuracy(family, arm, accuracy, above, np.nan, np.nan, np.nan, "no")
        else:
            improved = "yes" if mean.low > 0 else "no"
            yield ArmAccuracy(family, arm, accuracy, above, mean.value, mean.low, mean.high, improved)
