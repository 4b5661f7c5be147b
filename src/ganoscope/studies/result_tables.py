"""Tables of a study, gathered from the evaluations of all outer splits, a row at a time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.files.records import Number, read_records
from ganoscope.files.tables import read_csv, save_csv
from ganoscope.studies.families import RANDOM_FEATURES
from ganoscope.studies.result_files import COLUMNS, CONFUSION, RESULTS, RUN, SUBGROUPS, choose_trial
from ganoscope.studies.split_tasks import SplitTasks, list_classifiers
from ganoscope.training.classifier.epochs import Epoch, load_epochs

HISTORY = "history.csv"
HISTORY_COLUMNS = ("split", "arm", "family", "seed", *Epoch.__dataclass_fields__)


@dataclass(frozen=True)
class Result:
    """A row of `results.csv`: one classifier, tested on one set of images.

    Attributes:
        split: Number of the outer split.
        part: `held_out`, `external` or `synthetic`.
        arm: Arm, or the baseline at another fraction of real patients.
        family: Family of classifiers.
        seed: Number of the seed.
        trial: Number of the trial that validation chose.
        real_groups: Number of patients or groups of the real training images.
        ratio: Added images per real one.
        added: Number of added images.
        asked: Number that was asked for; fewer are added where the screening lets too few pass.
        validation_auroc: AUROC on the validation images.
        images: Number of images it was tested on.
        groups: Number of patients or groups.
        auroc: AUROC.
        auprc: Average precision.
        balanced_accuracy: Mean sensitivity over classes.
        sensitivity: Sensitivity.
        specificity: Specificity.
        brier: Brier score.
        ece: Expected calibration error after temperature scaling.
        ece_uncalibrated: Expected calibration error before it.
        accuracy: Accuracy.
        precision_weighted: Weighted precision.
        recall_weighted: Weighted recall.
        f1_weighted: Weighted F1.
    """

    split: int
    part: str
    arm: str
    family: str
    seed: int
    trial: int
    real_groups: int
    ratio: float
    added: int
    asked: int
    validation_auroc: Number
    images: int
    groups: int
    auroc: Number
    auprc: Number
    balanced_accuracy: Number
    sensitivity: Number
    specificity: Number
    brier: Number
    ece: Number
    ece_uncalibrated: Number
    accuracy: Number
    precision_weighted: Number
    recall_weighted: Number
    f1_weighted: Number


def gather_tables(out: Path, evaluations: Sequence[Path], splits: Sequence[SplitTasks], tasks: Path) -> None:
    """Writes `results.csv`, `subgroups.csv`, `confusion.csv` and `history.csv`.

    Args:
        out: Folder of the study.
        evaluations: Results of the evaluations, by the number of the split.
        splits: Tasks of the splits.
        tasks: Folder of the results of all tasks.
    """
    for file in (RESULTS, SUBGROUPS, CONFUSION):
        save_csv(out / file, ("split", *COLUMNS[file]), read_all(evaluations, file))
    rows = (row for split in splits for row in list_epochs(split, tasks))
    save_csv(out / HISTORY, HISTORY_COLUMNS, rows)


def read_all(evaluations: Sequence[Path], file: str) -> Iterator[Mapping[str, object]]:
    """Yields the rows of a table of all splits, each with the number of its split."""
    for number, folder in enumerate(evaluations):
        for row in read_csv(folder / file):
            yield {"split": number, **row}


def list_epochs(split: SplitTasks, tasks: Path) -> Iterator[Mapping[str, object]]:
    """Yields the epochs of the networks of one split, of the trials that validation chose.

    Args:
        split: Tasks of the split.
        tasks: Folder of the results of all tasks.
    """
    for variant, family, seed in list_classifiers(split.design):
        if family == RANDOM_FEATURES:
            continue
        trials = [
            tasks / split.fit(variant, family, seed, trial).key for trial in range(len(split.design.config.ratios))
        ]
        for epoch in load_epochs(choose_trial(trials)[0] / RUN):
            yield {"split": split.number, "arm": variant.name, "family": family, "seed": seed, **asdict(epoch)}


@dataclass(frozen=True)
class AddedCounts:
    """How many images an arm adds to the real ones.

    Attributes:
        mean: Mean over splits.
        asked: Mean number that was asked for.
        without: Splits in which none passed the screening.
    """

    mean: float
    asked: float
    without: tuple[int, ...]


@dataclass(frozen=True)
class Outcomes:
    """Values of one metric by split, averaged over seeds.

    An arm has no value where no image passed its screening: there it is the baseline.

    Attributes:
        values: Shape (splits,), by (part, arm, family).
        real_groups: Mean number of real training patients or groups over splits, by arm.
        added: How many images each arm adds, as far as it adds any.
    """

    values: Mapping[tuple[str, str, str], NDArray[np.float64]]
    real_groups: Mapping[str, int]
    added: Mapping[str, AddedCounts]

    def find(self, part: str, arm: str, family: str) -> NDArray[np.float64]:
        """Returns the values of all splits, shape (splits,); NaN where there is none.

        Args:
            part: What classifiers were tested on.
            arm: The arm.
            family: Family of classifiers.
        """
        return self.values[part, arm, family]


def read_outcomes(out: Path, metric: str, splits: int) -> Outcomes:
    """Returns the values of a metric from `results.csv`.

    Args:
        out: Folder of the study.
        metric: Name of the metric.
        splits: Number of outer splits.
    """
    sums: dict[tuple[str, str, str], NDArray[np.float64]] = {}
    counts: dict[tuple[str, str, str], NDArray[np.float64]] = {}
    groups: dict[str, list[int]] = {}
    added: dict[str, dict[int, tuple[int, int]]] = {}
    for row in read_records(out / RESULTS, Result):
        key, empty = (row.part, row.arm, row.family), row.asked > 0 and row.added == 0
        sums.setdefault(key, np.zeros(splits))[row.split] += np.nan if empty else float(getattr(row, metric))
        counts.setdefault(key, np.zeros(splits))[row.split] += 1
        groups.setdefault(row.arm, []).append(row.real_groups)
        if row.asked:
            added.setdefault(row.arm, {})[row.split] = (row.added, row.asked)
    with np.errstate(invalid="ignore"):
        values = {key: sums[key] / counts[key] for key in sums}
    real_groups = {arm: round(float(np.mean(found))) for arm, found in groups.items()}
    return Outcomes(values, real_groups, {arm: count_added(found) for arm, found in added.items()})


def count_added(found: Mapping[int, tuple[int, int]]) -> AddedCounts:
    """Returns how many images an arm adds, given (added, asked for) by split."""
    mean, asked = np.mean(list(found.values()), axis=0).tolist()
    return AddedCounts(mean, asked, tuple(split for split, (added, _) in found.items() if not added))
