"""From a store to a classifier that can be used: train, calibrate, evaluate, explain, draw; then write its record."""

import shutil
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ganoscope.alarms import save_alarms
from ganoscope.classifier import (
    RECORD,
    SCHEMA_VERSION,
    WEIGHTS,
    ClassifierRecord,
    TrainedClassifier,
    load_classifier_record,
)
from ganoscope.data.labels import count_classes
from ganoscope.data.store import Store
from ganoscope.errors import UserError, refuse
from ganoscope.evaluate.calibration import apply_temperature, fit_temperature
from ganoscope.evaluate.classification import PartScores, Predictions, score, to_json
from ganoscope.evaluate.classification_alarms import find_alarms
from ganoscope.files import compute_sha256, load_json, replacing, save_csv, save_json
from ganoscope.nets.pretrained import PretrainedWeights, freeze_body, get_input_kind, load_pretrained, make_network
from ganoscope.progress import CONSOLE, timed
from ganoscope.training.checkpoint import save_tensors
from ganoscope.training.classifier_config import ClassifyConfig, find_scored, refuse_unfit_store
from ganoscope.training.classifier_history import load_epochs
from ganoscope.training.classifier_run import compute_logits, train_classifier
from ganoscope.training.record import find_git_commit, list_versions

REQUEST = "classify.json"
"""What was asked for: written first, so that a later call can tell whether it asks for the same."""
PARTS = ("validation", "test")


def classify(store_path: Path, run: Path, config: ClassifyConfig) -> ClassifierRecord:
    """Trains a classifier on a store's train part and evaluates it; goes on where an earlier call stopped.

    Args:
        store_path: Folder of the store.
        run: Folder of the run; complete once it holds `classifier.json`.
        config: Which classifier, and how to train it.

    Returns:
        The record, also of a run that was complete before.

    Raises:
        UserError: The store is damaged or does not suffice, or the folder belongs to something else.
    """
    store = Store.open(store_path)
    store.verify()
    refuse_unfit_store(store, config)
    config = config.resolve()
    if (run / RECORD).exists():
        claim_run(run, store, config)
        CONSOLE.print(f"{run} is complete: nothing to do. Name another folder to train again.")
        return load_classifier_record(run)
    network, weights = start_network(len(count_classes(store)), config)
    started = claim_run(run, store, config)
    best = train_classifier(store, run, config, network)
    save_weights(run, best)
    record = make_record(store, config, started, weights, compute_sha256(run / WEIGHTS))
    with timed("evaluating"):
        record = evaluate(TrainedClassifier(run, record, best.eval().requires_grad_(False)), store, config)
    save_json(run / RECORD, {"schema_version": SCHEMA_VERSION, **asdict(record)})
    shutil.rmtree(run / "checkpoints", ignore_errors=True)
    return record


def start_network(classes: int, config: ClassifyConfig) -> tuple[nn.Module, PretrainedWeights]:
    """Returns the network with its first weights, and what those are: of the source "" where they are random."""
    torch.manual_seed(config.seed)
    if config.weights is None:
        return make_network(config.network, classes, "grey"), PretrainedWeights("", "", ())
    network, weights = load_pretrained(config.network, classes, config.weights, config.weights_source)
    if config.freeze_body:
        freeze_body(network)
    return network, weights


def make_record(
    store: Store, config: ClassifyConfig, started: str, weights: PretrainedWeights, weights_sha256: str
) -> ClassifierRecord:
    """Returns the record of a trained network, before it is calibrated and measured.

    Args:
        store: What it learned from.
        config: How.
        started: Date and time (UTC).
        weights: What it began with.
        weights_sha256: Of its own weights.
    """
    return ClassifierRecord(
        network=config.network,
        classes=tuple(count_classes(store)),
        channels=1,
        size=store.size,
        intensity=store.intensity,
        store_name=store.name,
        store_fingerprint=store.fingerprint,
        store=str(store.path.resolve()),
        modality=store.modality,
        sample_ids=list_ids(store, "train"),
        validation_ids=list_ids(store, "validation"),
        temperature=1.0,
        trained_on=list(weights.trained_on),
        weights_sha256=weights_sha256,
        config={**describe_config(config), "pretrained_sha256": weights.sha256 or None},
        metrics={},
        versions=list_versions(),
        git_commit=find_git_commit(),
        started=started,
        input_kind=get_input_kind(weights.source) if weights.source else "grey",
    )


def evaluate(classifier: TrainedClassifier, store: Store, config: ClassifyConfig) -> ClassifierRecord:
    """Calibrates, measures, explains and draws a classifier; returns its record with temperature and test metrics."""
    from ganoscope.report.classification.heat_maps import explain_answers, find_map_alarms
    from ganoscope.report.classification.page import Findings, save_page

    run, classes = classifier.path, classifier.record.classes
    found = {split: find_scored(store, split, classes) for split in PARTS}
    found = {split: pair for split, pair in found.items() if len(pair[0])}
    device = torch.device(config.device)
    logits = {
        split: compute_logits(classifier.network, store, indices, device, nullcontext).numpy()
        for split, (indices, _) in found.items()
    }
    temperature = fit_temperature(logits["validation"], found["validation"][1])
    predictions = {
        split: make_predictions(store, split, pair, (logits[split], temperature), classes)
        for split, pair in found.items()
    }
    scores = {split: score(one, config.seed) for split, one in predictions.items()}
    shown = list(scores)[-1]
    indices = {split: pair[0] for split, pair in found.items()}
    heat = explain_answers(classifier, store, predictions[shown], indices[shown], config.seed)
    alarms = [*find_alarms(store, scores, temperature), *find_map_alarms(heat)]
    metrics = to_json(scores["test"]) if "test" in scores else {}
    record = replace(classifier.record, temperature=temperature, metrics=metrics)
    save_results(run, predictions, scores, temperature)
    save_alarms(run / "alarms.json", alarms)
    epochs = load_epochs(run)
    save_page(run, Findings(record, store, predictions, indices, scores, shown, heat, epochs, alarms))
    return record


def make_predictions(
    store: Store,
    split: str,
    scored: tuple[NDArray[np.int64], NDArray[np.int64]],
    outputs: tuple[NDArray[np.float32], float],
    classes: tuple[str, ...],
) -> Predictions:
    """Returns what a classifier says about one part.

    Args:
        store: Where the images are.
        split: Name of the part.
        scored: Positions of its images, and their label codes, both of shape (N,).
        outputs: Logits, shape (N, K), and the temperature.
        classes: Names of the classes.
    """
    (indices, codes), (logits, temperature) = scored, outputs
    return Predictions(
        split=split,
        sample_ids=store.column("sample_id")[indices],
        codes=codes,
        groups=store.column("group")[indices],
        probabilities=apply_temperature(logits, temperature),
        uncalibrated=apply_temperature(logits, 1.0),
        classes=classes,
    )


def save_results(
    run: Path, predictions: Mapping[str, Predictions], scores: Mapping[str, PartScores], temperature: float
) -> None:
    """Writes `metrics.json` and `predictions.csv`."""
    parts = {split: to_json(part) for split, part in scores.items()}
    save_json(run / "metrics.json", {"schema_version": SCHEMA_VERSION, "temperature": temperature, "parts": parts})
    classes = next(iter(predictions.values())).classes
    columns = ["sample_id", "split", "label", "prediction", *(f"probability {label}" for label in classes)]
    rows = (
        dict(zip(columns, [sample_id, one.split, classes[code], classes[said], *map(write_digits, row)], strict=True))
        for one in predictions.values()
        for sample_id, code, said, row in zip(
            one.sample_ids.tolist(), one.codes, one.predicted, one.probabilities.tolist(), strict=True
        )
    )
    save_csv(run / "predictions.csv", columns, rows)


def write_digits(probability: float) -> str:
    """Returns a probability with six digits.

    Example:
        >>> write_digits(1 / 3)
        '0.333333'
    """
    return f"{probability:.6g}"


def claim_run(run: Path, store: Store, config: ClassifyConfig) -> str:
    """Notes in a new run folder what is asked for, and returns when the run was started.

    Raises:
        UserError: The folder holds something else, or a run that was begun with other settings; all differences.
    """
    asked: dict[str, Any] = {"store_fingerprint": store.fingerprint, **describe_config(config)}
    path = run / REQUEST
    if path.exists():
        earlier = load_json(path)
        refuse(
            [
                f"run {run} was begun with {name} {earlier.get(name)}; got {value}. Repeat that, or use a new folder."
                for name, value in asked.items()
                if earlier.get(name) != value and name != "epochs"
            ]
        )
        return str(earlier["started"])
    if run.exists() and any(run.iterdir()):
        raise UserError(f"run folder {run} is not empty and holds no classifier; allowed: a new folder, or a run's.")
    started = datetime.now(UTC).isoformat(timespec="seconds")
    save_json(path, {**asked, "started": started})
    return started


def describe_config(config: ClassifyConfig) -> dict[str, Any]:
    """Returns a configuration as JSON values; of the file of weights only its name, its folder may tell a person's."""
    weights, source = (config.weights.name, config.weights_source) if config.weights else (None, None)
    return {**asdict(config), "weights": weights, "weights_source": source}


def save_weights(run: Path, network: nn.Module) -> None:
    """Writes `classifier.safetensors`."""
    with replacing(run / WEIGHTS) as partial:
        save_tensors({name: tensor.contiguous().cpu() for name, tensor in network.state_dict().items()}, partial)


def list_ids(store: Store, split: str) -> list[str]:
    """Returns the sample ids of one part."""
    ids: list[str] = store.column("sample_id")[store.indices(split)].tolist()
    return ids
