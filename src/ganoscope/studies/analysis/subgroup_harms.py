"""Every arm against the baseline in every class, view and source; where an arm does harm, it is flagged."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ganoscope.files.records import Number, read_records
from ganoscope.studies.analysis.kept_tables import KeptTable
from ganoscope.studies.arms import ARMS, BASELINE
from ganoscope.studies.evidence.estimated_means import EstimatedMeans
from ganoscope.studies.evidence.held_out_answers import SUBGROUP_METRICS, name_metric
from ganoscope.studies.result_files import SUBGROUPS


@dataclass(frozen=True)
class SubgroupRow:
    """A row of the study's `subgroups.csv`: one classifier in one subgroup of one split.

    Attributes:
        split: Number of the outer split.
        part: What was tested on.
        arm: The arm.
        family: Family of classifiers.
        seed: Number of the seed.
        kind: What the subgroup is: `class`, or a column of the manifest.
        subgroup: Its name.
        images: Its images.
        auroc: AUROC in it; of a class, against the rest.
        sensitivity: Sensitivity in it, the mean over classes; of a class, its own.
        accuracy: Accuracy in it.
    """

    split: int
    part: str
    arm: str
    family: str
    seed: int
    kind: str
    subgroup: str
    images: int
    auroc: Number
    sensitivity: Number
    accuracy: Number


@dataclass(frozen=True)
class SubgroupDifference:
    """An arm against the baseline in one subgroup.

    Attributes:
        part: What was tested on.
        family: Family of classifiers.
        arm: The arm.
        kind: What the subgroup is.
        subgroup: Its name.
        metric: The metric.
        images: Mean number of images in a split.
        splits: Splits in which both are defined.
        baseline: Mean of the baseline over these.
        difference: Mean of arm minus baseline.
        low: Lower end of the 95% interval, as `EstimatedMeans` makes it; it is not adjusted for the number of arms and
            subgroups.
        high: Upper end.
        harms: Whether the difference is below minus the margin, and its interval wholly below 0.
    """

    part: str
    family: str
    arm: str
    kind: str
    subgroup: str
    metric: str
    images: float
    splits: int
    baseline: Number
    difference: Number
    low: Number
    high: Number
    harms: str


TABLE = KeptTable("subgroups.csv", SubgroupDifference)
Place = tuple[str, str, str, str, str]
"""Part, family, kind, subgroup, metric."""


def compare_subgroups(out: Path, margin: float, means: EstimatedMeans) -> Iterator[SubgroupDifference]:
    """Yields every arm against the baseline in every subgroup.

    Args:
        out: Folder of the study, with its tables.
        margin: Differences up to this are practically equal.
        means: How means are estimated.
    """
    values: dict[Place, dict[str, dict[int, list[float]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    images: dict[Place, dict[int, int]] = defaultdict(dict)
    for row in read_records(out / SUBGROUPS, SubgroupRow):
        for metric in SUBGROUP_METRICS:
            place = (row.part, row.family, row.kind, row.subgroup, metric)
            values[place][row.arm][row.split].append(float(getattr(row, metric)))
            images[place][row.split] = row.images
    for place, arms in values.items():
        for arm in arms:
            if arm in ARMS and arm != BASELINE:
                count = float(np.mean(list(images[place].values())))
                yield compare(place, arm, (arms[BASELINE], arms[arm]), count, margin, means)


def compare(
    place: Place,
    arm: str,
    values: tuple[dict[int, list[float]], dict[int, list[float]]],
    images: float,
    margin: float,
    means: EstimatedMeans,
) -> SubgroupDifference:
    """Returns an arm against the baseline in one subgroup.

    Args:
        place: Part, family, kind and name of the subgroup, metric.
        arm: The arm.
        values: Values of the baseline and of the arm, one per seed, by split.
        images: Mean number of images.
        margin: Differences up to this are practically equal.
        means: How means are estimated.
    """
    part, family, kind, subgroup, metric = place
    before, after = values
    shared = sorted(before.keys() & after.keys())
    base = np.array([np.mean(before[split]) for split in shared])
    change = np.array([np.mean(after[split]) for split in shared]) - base
    mean = means.estimate_difference((part, arm, family, name_metric(metric, kind, subgroup)), change, metric)
    if mean is None:
        nothing = (np.nan, np.nan, np.nan, np.nan)
        return SubgroupDifference(part, family, arm, kind, subgroup, metric, images, 0, *nothing, "no")
    harms = mean.value < -margin and mean.high < 0
    return SubgroupDifference(
        *(part, family, arm, kind, subgroup, metric, images, mean.splits, float(base[np.isfinite(change)].mean())),
        *(mean.value, mean.low, mean.high, "yes" if harms else "no"),
    )
