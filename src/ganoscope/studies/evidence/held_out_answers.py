"""Answers of all classifiers of a study to held-out images, and how much its metrics depend on who was tested.

The evaluation of a split, which has the answers, writes how much each metric of each classifier changes without each
of its patients. Added up over splits, these changes give the variances that widen intervals of means and differences.
"""

import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.arrays import load_arrays
from ganoscope.evaluate.classification.metrics import METRICS, Predictions, compute_values
from ganoscope.evaluate.classification.subgroup_scores import choose
from ganoscope.statistics.patient_bootstrap import HeldOut
from ganoscope.statistics.patient_jackknife import BLOCKS, compute_variance, leave_out
from ganoscope.studies.arms import BASELINE
from ganoscope.studies.result_files import CHANGES, PREDICTIONS

REMEDY = "Delete the study's folder of tasks, and run it again."
SUBGROUP_METRICS = ("auroc", "sensitivity", "accuracy")
"""Metrics of a subgroup."""
Floats = NDArray[np.float64]
Mask = tuple[str, str, NDArray[np.bool_]]
"""Kind of a subgroup, its name, and which images are in it, shape (N,)."""
Changes = Mapping[str, Floats]
"""Changes of metrics without each block of patients, shape (B,), by name."""
Key = tuple[str, str, str, str]
"""What was tested on, arm, family of classifiers, metric."""


def name_metric(metric: str, kind: str, subgroup: str) -> str:
    """Returns the name of a metric in a subgroup.

    Args:
        metric: The metric.
        kind: What the subgroup is: `class`, or a column of the manifest.
        subgroup: Its name.
    """
    return f"{metric}|{kind}|{subgroup}"


def number_blocks(groups: NDArray[np.str_], patients: int) -> NDArray[np.int64]:
    """Returns the block of each image, named alike in all splits, shape (N,): its patient, or one of 400 blocks.

    Args:
        groups: Patient of each image, shape (N,).
        patients: Number of patients that splits draw from; beyond 400 of them, blocks are left out instead.
    """
    names, member = np.unique(groups, return_inverse=True)
    codes = np.array([zlib.crc32(name.encode()) for name in names.tolist()], np.int64)
    return (codes % BLOCKS if patients > BLOCKS else codes)[member]


def measure_changes(
    predictions: Predictions, subgroups: Iterable[Mask], blocks: NDArray[np.int64]
) -> dict[str, Floats]:
    """Returns how much every metric changes without each block of patients, shape (B,), by its name.

    A metric that is not defined with all patients has NaN; one that is not defined without a block does not change.

    Args:
        predictions: Predictions for N images.
        subgroups: Subgroups of these images, beside the classes.
        blocks: Block of each image, shape (N,); the B blocks are in ascending order.
    """
    found = leave_out_all(predictions, blocks)
    changes = {name: found[name] for name in METRICS}
    for label in predictions.classes:
        changes |= {name_metric(name, "class", label): found[f"{name} {label}"] for name in SUBGROUP_METRICS[:2]}
        changes[name_metric("accuracy", "class", label)] = found[f"sensitivity {label}"]
    names = np.unique(blocks)
    for kind, subgroup, own in subgroups:
        part, places = leave_out_all(choose(predictions, own), blocks[own]), np.isin(names, blocks[own])
        for name in SUBGROUP_METRICS:
            whole = np.full(len(names), np.nan if np.isnan(part[name]).any() else 0.0)
            whole[places] = part[name]
            changes[name_metric(name, kind, subgroup)] = whole
    return changes


def leave_out_all(predictions: Predictions, blocks: NDArray[np.int64]) -> Changes:
    """Returns how much every metric of some images changes without each block, shape (B,), by its name.

    Args:
        predictions: Predictions for N images.
        blocks: Block of each, shape (N,).
    """
    names: list[str] = []

    def measure(weights: Floats) -> Floats:
        values = compute_values(predictions, weights)
        names[:] = values
        return np.stack(list(values.values()), 1)

    changes = leave_out(blocks, measure)
    return dict(zip(names, changes.T, strict=True))


def collect_changes(
    found: Sequence[tuple[str, str, NDArray[np.int64], Mapping[str, Floats]]],
) -> dict[str, NDArray[Any]]:
    """Returns the arrays of `patient_changes.npz`, averaged over the seeds of a classifier.

    Args:
        found: What was tested on, `arm/family`, block of each image, shape (N,), and changes, for each classifier.
    """
    arrays: dict[str, NDArray[Any]] = {}
    by_place: dict[str, list[Floats]] = defaultdict(list)
    for part, classifier, blocks, changes in found:
        arrays |= {f"{part}/blocks": np.unique(blocks), f"{part}/metrics": np.array(list(changes))}
        by_place[f"{part}/changes/{classifier}"].append(np.stack(list(changes.values()), 1))
    return arrays | {name: np.mean(each, axis=0).astype(np.float32) for name, each in by_place.items()}


@dataclass(frozen=True)
class PatientVariances:
    """Variances over patients of means over splits; images without patients have none.

    Attributes:
        levels: Variance of the mean of each metric of each arm.
        differences: Variance of its mean difference from the baseline.
    """

    levels: Mapping[Key, float]
    differences: Mapping[Key, float]

    def find_level(self, part: str, arm: str, family: str, metric: str) -> float:
        """Returns the variance of a mean; NaN where it is not known.

        Args:
            part: What was tested on.
            arm: The arm.
            family: Family of classifiers.
            metric: The metric.
        """
        return self.levels.get((part, arm, family, metric), np.nan)

    def find_difference(self, part: str, arm: str, family: str, metric: str) -> float:
        """Returns the variance of a mean difference from the baseline; NaN where it is not known.

        Args:
            part: What was tested on.
            arm: The arm.
            family: Family of classifiers.
            metric: The metric.
        """
        return self.differences.get((part, arm, family, metric), np.nan)


class Total:
    """Changes of all metrics of one classifier, or of its difference from the baseline, added up over splits."""

    def __init__(self) -> None:
        self.sums: Floats = np.zeros((0, 0))
        self.splits: Floats = np.zeros(0)

    def add(self, rows: NDArray[np.int64], columns: NDArray[np.int64], changes: Floats) -> None:
        """Adds the changes of one split; a metric that is not defined there is left out.

        Args:
            rows: Number of each block, shape (B,).
            columns: Number of each metric, shape (M,).
            changes: Shape (B, M); NaN for a metric that is not defined.
        """
        more = [max(0, int(new.max()) + 1 - old) for new, old in zip((rows, columns), self.sums.shape, strict=True)]
        self.sums = np.pad(self.sums, ((0, more[0]), (0, more[1])))
        self.splits = np.pad(self.splits, (0, more[1]))
        known = ~np.isnan(changes).any(0)
        self.sums[np.ix_(rows, columns[known])] += changes[:, known]
        self.splits[columns[known]] += 1

    def list_variances(self, blocks: int) -> list[float]:
        """Returns the variance over patients of the mean of each metric; NaN with fewer than two blocks.

        Args:
            blocks: Number of blocks that were tested in any split.
        """
        if blocks < 2:
            return [np.nan] * len(self.splits)
        changes = np.pad(self.sums, ((0, blocks - len(self.sums)), (0, 0))) / np.maximum(1, self.splits)
        return compute_variance(changes).tolist()


def read_patient_variances(evaluations: Sequence[Path]) -> PatientVariances:
    """Returns the variances over patients of all means over splits, and of all mean differences from the baseline.

    Args:
        evaluations: Results of the evaluations; they are read one after the other.

    Raises:
        UserError: A file is missing or damaged.
    """
    blocks: dict[str, dict[int, int]] = defaultdict(dict)
    metrics: dict[str, dict[str, int]] = defaultdict(dict)
    totals: tuple[dict[tuple[str, str, str], Total], ...] = (defaultdict(Total), defaultdict(Total))
    for folder in evaluations:
        arrays = load_arrays(folder / CHANGES, REMEDY)
        for (part, arm, family), changes in list_changes(arrays):
            rows = number_names(blocks[part], arrays[f"{part}/blocks"])
            columns = number_names(metrics[part], arrays[f"{part}/metrics"])
            totals[0][part, arm, family].add(rows, columns, changes)
            totals[1][part, arm, family].add(rows, columns, changes - arrays[f"{part}/changes/{BASELINE}/{family}"])
    levels, differences = (
        {
            (*key, name): value
            for key, total in each.items()
            for name, value in zip(metrics[key[0]], total.list_variances(len(blocks[key[0]])), strict=False)
        }
        for each in totals
    )
    return PatientVariances(levels, differences)


def list_changes(arrays: Mapping[str, NDArray[Any]]) -> Iterator[tuple[tuple[str, str, str], Floats]]:
    """Yields ((what was tested on, arm, family), changes, shape (B, M)) of every classifier of a split."""
    for name, changes in arrays.items():
        part, kind, *classifier = name.split("/", 3)
        if kind == "changes":
            arm, family = classifier
            yield (part, arm, family), changes.astype(np.float64)


def number_names(known: dict[Any, int], names: NDArray[Any]) -> NDArray[np.int64]:
    """Returns the number of each name, shape (N,), after giving the next free ones to new names.

    Args:
        known: Numbers that were given; new ones are added.
        names: Shape (N,).
    """
    return np.array([known.setdefault(name, len(known)) for name in names.tolist()], np.int64)


def read_held_out(folder: Path, part: str, family: str, arms: Sequence[str]) -> HeldOut:
    """Returns the images of one split with the answers of all classifiers: of each arm, one per seed.

    Their metrics are averaged, never their answers: an ensemble would be another classifier than those of the study.

    Args:
        folder: Result of the split's evaluation.
        part: What was tested on.
        family: Family of classifiers.
        arms: The arms; the first is the baseline.
    """
    found = load_arrays(folder / PREDICTIONS, REMEDY)
    answers = [array for arm in arms for name, array in found.items() if name.startswith(f"{part}/{arm}/{family}/")]
    return HeldOut(found[f"{part}/groups"], found[f"{part}/codes"], np.stack(answers))
