"""Confusion matrices, summed over splits and seeds."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ganoscope.files.records import read_records
from ganoscope.studies.analysis.kept_tables import KeptTable
from ganoscope.studies.result_files import CONFUSION, HELD_OUT


@dataclass(frozen=True)
class SummedCell:
    """A cell of a confusion matrix.

    Attributes:
        part: What was tested on.
        family: Family of classifiers.
        arm: The arm.
        label: True class.
        prediction: Predicted class.
        images: Images of all splits and seeds; an image counts once for each time it was tested.
    """

    part: str
    family: str
    arm: str
    label: str
    prediction: str
    images: int


@dataclass(frozen=True)
class CellRow:
    """A row of the study's `confusion.csv`.

    Attributes:
        split: Number of the outer split.
        part: What was tested on.
        arm: The arm.
        family: Family of classifiers.
        seed: Number of the seed.
        label: True class.
        prediction: Predicted class.
        images: Number of images.
    """

    split: int
    part: str
    arm: str
    family: str
    seed: int
    label: str
    prediction: str
    images: int


TABLE = KeptTable("confusion.csv", SummedCell)


def sum_confusion(out: Path) -> Iterator[SummedCell]:
    """Yields the cells of all matrices of a study."""
    totals: dict[tuple[str, ...], int] = defaultdict(int)
    for row in read_records(out / CONFUSION, CellRow):
        totals[row.part, row.family, row.arm, row.label, row.prediction] += row.images
    for (part, family, arm, label, prediction), images in totals.items():
        yield SummedCell(part, family, arm, label, prediction, images)


def count_held_out(out: Path) -> dict[int, dict[str, int]]:
    """Returns the number of held-out images of each class, by split."""
    counts: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    first: dict[int, tuple[object, ...]] = {}
    for row in read_records(out / CONFUSION, CellRow):
        who = (row.arm, row.family, row.seed)
        if row.part == HELD_OUT and first.setdefault(row.split, who) == who:
            counts[row.split][row.label] += row.images
    return {split: dict(labels) for split, labels in counts.items()}
