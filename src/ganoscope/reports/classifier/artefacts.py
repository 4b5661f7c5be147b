"""Everything that the classifier's page shows, read from its run folder and its store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ganoscope.alarms import Alarm, load_alarms
from ganoscope.classifiers.trained import ClassifierRecord, load_classifier_record
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.evaluate.classification.external import (
    ExternalRecord,
    load_external_record,
    load_subgroups,
)
from ganoscope.evaluate.classification.metrics import Predictions, SplitScores
from ganoscope.evaluate.classification.predictions import SplitResults, load_results, restore_own
from ganoscope.explanation.answer_files import load_heat_maps
from ganoscope.explanation.answers import HeatMaps
from ganoscope.files.tables import RESTORE
from ganoscope.training.classifier.epochs import Epoch, load_epochs


class Measured(Protocol):
    """A classifier's results on a store, as far as a chapter about one split needs them."""

    @property
    def record(self) -> ClassifierRecord:
        """Record of the classifier."""

    @property
    def shown(self) -> str:
        """Name of the split."""

    @property
    def results(self) -> SplitResults:
        """Results on the split."""

    @property
    def pictures(self) -> Path:
        """Folder for the pictures beside the page."""


@dataclass(frozen=True)
class Findings:
    """What the page about a classifier and the store that it learned from shows.

    Attributes:
        record: Record of the classifier.
        store: Store that it learned from.
        splits: Results by the name of the split.
        shown: Part whose curves and answers are drawn: the test split, where it can be scored.
        heat: Heat maps of that split.
        epochs: Epochs of the training.
        alarms: Alarms about the classifier.
        of_store: Alarms about the store.
        pictures: Folder for the pictures beside the page.
    """

    record: ClassifierRecord
    store: Store
    splits: dict[str, SplitResults]
    shown: str
    heat: HeatMaps
    epochs: Sequence[Epoch]
    alarms: Sequence[Alarm]
    of_store: Sequence[Alarm]
    pictures: Path

    @property
    def results(self) -> SplitResults:
        """Results of the split that is shown."""
        return self.splits[self.shown]

    @property
    def scores(self) -> dict[str, SplitScores]:
        """Metrics by the name of the split."""
        return {split: one.scores for split, one in self.splits.items()}

    @property
    def predictions(self) -> Predictions:
        """Predictions for the split that is shown."""
        return self.results.predictions


@dataclass(frozen=True)
class ExternalFindings:
    """What the page about a classifier on a store of other patients shows.

    Attributes:
        record: Record of the classifier.
        store: Store of other patients.
        shown: Name of the split that was measured.
        results: Results on that split.
        own: Metrics on the test split of the store that it learned from; None where that split could not be scored.
        subgroups: Rows of `subgroups.csv`.
        made: What was measured, and when.
        alarms: Alarms about the results.
        of_store: Alarms about the store.
        pictures: Folder for the pictures beside the page.
    """

    record: ClassifierRecord
    store: Store
    shown: str
    results: SplitResults
    own: SplitScores | None
    subgroups: Sequence[Mapping[str, str]]
    made: ExternalRecord
    alarms: Sequence[Alarm]
    of_store: Sequence[Alarm]
    pictures: Path


def read_findings(run: Path, store: Store) -> Findings:
    """Returns what the page shows of a classifier.

    Args:
        run: Folder of the classifier, evaluated and explained before.
        store: Store that it learned from.

    Raises:
        UserError: The run folder is incomplete or damaged.
    """
    splits = load_results(run, store)
    shown = list(splits)[-1]
    epochs = load_epochs(run)
    if not epochs:
        raise UserError(f"{run / 'history.csv'} is damaged: it has no finished epoch. {RESTORE}")
    return Findings(
        record=load_classifier_record(run),
        store=store,
        splits=splits,
        shown=shown,
        heat=load_heat_maps(run, splits[shown].predictions),
        epochs=epochs,
        alarms=load_alarms(run / "alarms.json"),
        of_store=load_alarms(store.path / "alarms.json"),
        pictures=run / "pictures",
    )


def read_external(out: Path, record: ClassifierRecord, store: Store) -> ExternalFindings:
    """Returns what the page shows of a classifier on a store of other patients.

    Args:
        out: Folder of the results.
        record: Record of the classifier.
        store: Store of other patients.

    Raises:
        UserError: A file is missing or damaged, or of another store.
    """
    shown, results = next(iter(load_results(out, store).items()))
    return ExternalFindings(
        record=record,
        store=store,
        shown=shown,
        results=results,
        alarms=load_alarms(out / "alarms.json"),
        of_store=load_alarms(store.path / "alarms.json"),
        pictures=out / "pictures",
        own=restore_own(record),
        subgroups=load_subgroups(out),
        made=load_external_record(out),
    )
