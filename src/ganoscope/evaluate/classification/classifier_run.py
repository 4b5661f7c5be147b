"""A classifier from a store to measured results in a run folder: trained, calibrated, evaluated; nothing is drawn."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import torch

from ganoscope.alarms import save_alarms
from ganoscope.classifiers.trained import (
    RECORD,
    WEIGHTS,
    ClassifierRecord,
    TrainedClassifier,
    load_classifier_record,
    save_classifier_record,
)
from ganoscope.data.store import Store
from ganoscope.data.store.classes import count_classes
from ganoscope.errors import UserError, describe
from ganoscope.evaluate.classification.calibration import choose_temperature
from ganoscope.evaluate.classification.metrics import score, to_json
from ganoscope.evaluate.classification.predictions import SCORED, make_predictions, save_results
from ganoscope.evaluate.classification.split_checks import find_alarms
from ganoscope.files import compute_sha256, remove
from ganoscope.progress import timed
from ganoscope.training.classifier.config import ClassifyConfig, find_scored, refuse_unfit_store
from ganoscope.training.classifier.epochs import load_epochs
from ganoscope.training.classifier.mix import Mix
from ganoscope.training.classifier.run_folder import claim_run, make_record, save_weights, start_network
from ganoscope.training.classifier.session import compute_logits, train_classifier


def train_and_evaluate(store: Store, run: Path, config: ClassifyConfig, mix: Mix | None = None) -> ClassifierRecord:
    """Trains a classifier on a store's train split and evaluates it; resumes where an earlier call stopped.

    The run folder then holds `classifier.safetensors`, `history.csv`, `metrics.json`, `predictions.csv`,
    `predictions.npz`, `alarms.json` and, written last, `classifier.json`. A run that is complete stays as it is.

    Args:
        store: Store to learn from, verified before.
        run: Folder of the run.
        config: Which classifier is trained, and how.
        mix: How added images are mixed with real ones; by default, all training images are seen equally often.

    Returns:
        The record of the classifier.

    Raises:
        UserError: The store is not fit to learn from, or the folder holds something else or a run of other settings.
    """
    refuse_unfit_store(store, config)
    config = config.resolve()
    if (run / RECORD).exists():
        claim_run(run, store, config)
        record = load_classifier_record(run)
        refuse_longer(run, record, config)
        return record
    network, weights = start_network(len(count_classes(store)), config)
    started = claim_run(run, store, config)
    best = train_classifier(store, run, config, network, mix)
    save_weights(run, best)
    record = make_record(store, config, started, weights, compute_sha256(run / WEIGHTS))
    with timed("evaluating"):
        record = evaluate(TrainedClassifier(run, record, best.eval().requires_grad_(False)), store, config)
    save_classifier_record(run, record)
    remove(run / "checkpoints")
    return record


def refuse_longer(run: Path, record: ClassifierRecord, config: ClassifyConfig) -> None:
    """Refuses more epochs than a complete run had, unless it ended by its patience: its checkpoints are removed.

    Args:
        run: Folder of the run.
        record: Record of the complete run.
        config: What is asked for.

    Raises:
        UserError: More epochs are asked for.
    """
    done = len(load_epochs(run))
    if config.epochs > done == record.config["epochs"]:
        fault = f"run {run} is complete and can't be trained further"
        remedy = "Name a new folder to train for longer."
        raise UserError(describe(fault, f"--epochs {config.epochs}", f"--epochs {done}", remedy))


def evaluate(classifier: TrainedClassifier, store: Store, config: ClassifyConfig) -> ClassifierRecord:
    """Calibrates a classifier on the validation split, measures it on all held-out splits, and writes the results.

    Args:
        classifier: The classifier, not calibrated yet.
        store: Store that it learned from.
        config: Resolved configuration.

    Returns:
        The record with temperature and test metrics.
    """
    classes, device = classifier.record.classes, torch.device(config.device)
    found = {split: find_scored(store, split, classes) for split in SCORED}
    found = {split: pair for split, pair in found.items() if len(pair[0])}
    logits = {
        split: compute_logits(classifier.network, store, indices, device, nullcontext).numpy()
        for split, (indices, _) in found.items()
    }
    indices, codes = found["validation"]
    chosen = choose_temperature(logits["validation"], codes, store.column("group")[indices])
    temperature = chosen.value
    predictions = {
        split: make_predictions(store, split, pair, (logits[split], temperature), classes)
        for split, pair in found.items()
    }
    scores = {split: score(one, config.seed) for split, one in predictions.items()}
    save_results(classifier.path, predictions, scores, {split: pair[0] for split, pair in found.items()}, temperature)
    save_alarms(classifier.path / "alarms.json", find_alarms(store, scores, chosen))
    metrics = to_json(scores["test"]) if "test" in scores else {}
    return replace(classifier.record, temperature=temperature, metrics=metrics)
