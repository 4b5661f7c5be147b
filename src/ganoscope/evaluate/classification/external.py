"""A trained classifier on the test split of a store of other patients: measured as on its own, and nothing learned."""

from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import torch

from ganoscope.alarms import run_checks, save_alarms
from ganoscope.classifiers.fitness import DANGER_CHECK, list_dangers, refuse_dependent, refuse_other_images
from ganoscope.classifiers.trained import ClassifierRecord, TrainedClassifier
from ganoscope.data.store import Store
from ganoscope.errors import UserError, describe, refuse
from ganoscope.evaluate.classification.calibration import Temperature
from ganoscope.evaluate.classification.external_checks import OF_SCORES, OF_TRANSFER, ExternalScores
from ganoscope.evaluate.classification.metrics import score, to_json
from ganoscope.evaluate.classification.predictions import make_predictions, restore_own, save_results
from ganoscope.evaluate.classification.split_checks import ScoredSplits
from ganoscope.evaluate.classification.subgroup_scores import COLUMNS, score_subgroups
from ganoscope.files import save_json, shorten_path
from ganoscope.files.records import load_record
from ganoscope.files.tables import read_csv, save_csv
from ganoscope.locks import is_vacant
from ganoscope.training.classifier.config import find_scored
from ganoscope.training.classifier.session import compute_logits
from ganoscope.training.run_folder.record import find_git_commit, list_versions

SCHEMA_VERSION = 1
RECORD, SUBGROUPS = "external.json", "subgroups.csv"
SPLIT = "test"


@dataclass(frozen=True)
class ExternalRecord:
    """The content of `external.json`.

    Attributes:
        classifier: Folder of the classifier.
        weights_sha256: SHA-256 of its weights.
        store: Folder of the store.
        store_name: Name of the data set.
        store_fingerprint: SHA-256 of the store's content.
        seed: Seed of the resampling.
        versions: Versions of Python, ganoscope and the numerical libraries.
        git_commit: Commit of the ganoscope checkout, or "" where it was installed from a package.
        started: Date and time of the start (UTC).
    """

    classifier: str
    weights_sha256: str
    store: str
    store_name: str
    store_fingerprint: str
    seed: int
    versions: dict[str, str]
    git_commit: str
    started: str


def measure_external(
    classifier: TrainedClassifier, store: Store, out: Path, seed: int, device: str
) -> ClassifierRecord:
    """Measures a classifier on the test split of a store of other patients.

    The folder, which `claim` made, then holds `metrics.json`, `predictions.csv`, `predictions.npz`,
    `subgroups.csv` and `alarms.json`.

    Args:
        classifier: The classifier.
        store: Store of other patients, verified and claimed before.
        out: Folder of the results.
        seed: Seed of the resampling.
        device: `cpu` or `cuda`.

    Returns:
        The record of the classifier, with the metrics on this store.
    """
    record = classifier.record
    scored = find_scored(store, SPLIT, record.classes)
    network = classifier.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # as in training
    logits = compute_logits(network, store, scored[0], torch.device(device), nullcontext).numpy()
    predictions = make_predictions(store, SPLIT, scored, (logits, record.temperature), record.classes)
    scores = score(predictions, seed)
    save_results(out, {SPLIT: predictions}, {SPLIT: scores}, {SPLIT: scored[0]}, record.temperature)
    subgroups = list(score_subgroups(predictions, scores, store, seed))
    save_csv(out / SUBGROUPS, COLUMNS, subgroups)
    split = ScoredSplits(store, {SPLIT: scores}, Temperature(record.temperature, record.temperature))
    transfer = ExternalScores(scores, restore_own(record), subgroups)
    dangers = run_checks((DANGER_CHECK,), list_dangers(classifier.path))
    save_alarms(out / "alarms.json", [*run_checks(OF_TRANSFER, transfer), *run_checks(OF_SCORES, split), *dangers])
    return replace(record, metrics=to_json(scores))


def refuse_unfit(classifier: TrainedClassifier, store: Store) -> None:
    """Refuses a store that a classifier can't be measured on; reports all faults at once.

    Raises:
        UserError: It is the classifier's own, holds other classes or other images, has no test image of a known class,
            or images of it were learned from.
    """
    record = classifier.record
    if record.store_fingerprint == store.fingerprint:
        fault = f"classifier {classifier.path} learned from this store"
        remedy = f"Its metrics on the test split are in {classifier.path / 'metrics.json'}."
        raise UserError(describe(fault, str(store.path), "a store of other patients", remedy))
    faults = []
    labels = set(store.column("label")[store.indices(SPLIT)].tolist()) - {""}
    if unknown := sorted(labels - set(record.classes)):
        remedy = 'Prepare the store with the names of these classes, such as --map "PNEUMONIA=sick".'
        fault = f"the test split of {store.name} holds classes that classifier {classifier.path} does not know"
        faults.append(describe(fault, ", ".join(unknown), ", ".join(record.classes), remedy))
    elif not labels:
        fault = f"the test split of {store.name} holds no image with a class"
        remedy = "Prepare the store with labels, and with --split test."
        faults.append(describe(fault, "0 images", "1 or more", remedy))
    for refuse_one in (refuse_other_images, refuse_dependent):
        try:
            refuse_one(classifier, store)
        except UserError as error:
            faults.append(str(error))
    refuse(faults)


def claim(out: Path, classifier: TrainedClassifier, store: Store, seed: int) -> None:
    """Writes `external.json` into a new folder of results; leaves it where an earlier call began the same.

    Args:
        out: Folder of the results.
        classifier: The classifier.
        store: Store of other patients.
        seed: Seed of the resampling.

    Raises:
        UserError: The folder holds something else, or results of another store, classifier or seed.
    """
    if (out / RECORD).exists():
        earlier, weights = load_external_record(out), classifier.record.weights_sha256
        pairs = (
            ("store", earlier.store_fingerprint == store.fingerprint),
            ("classifier", earlier.weights_sha256 == weights),
            ("seed", earlier.seed == seed),
        )
        remedy = "Name a new folder."
        refuse([f"{out} holds the results of another {name}. {remedy}" for name, same in pairs if not same])
        return
    if not is_vacant(out):
        raise UserError(f"{out} is not empty and holds no results of --classifier; allowed: a new folder.")
    found = ExternalRecord(
        classifier=shorten_path(classifier.path, out),
        weights_sha256=classifier.record.weights_sha256,
        store=shorten_path(store.path, out),
        store_name=store.name,
        store_fingerprint=store.fingerprint,
        seed=seed,
        versions=list_versions(),
        git_commit=find_git_commit(),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    save_json(out / RECORD, {"schema_version": SCHEMA_VERSION, **asdict(found)})


def load_external_record(out: Path) -> ExternalRecord:
    """Returns what was measured, and when.

    Raises:
        UserError: `external.json` is missing or damaged.
    """
    return load_record(out / RECORD, ExternalRecord, SCHEMA_VERSION)


def load_subgroups(out: Path) -> list[dict[str, str]]:
    """Returns the rows of `subgroups.csv`."""
    return list(read_csv(out / SUBGROUPS, COLUMNS))
