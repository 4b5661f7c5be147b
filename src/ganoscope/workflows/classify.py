"""`ganoscope classify`: trains a classifier, calibrates, measures and explains it, then draws its page."""

import shutil
from contextlib import nullcontext
from dataclasses import asdict, replace
from pathlib import Path

import torch

from ganoscope.alarms import save_alarms
from ganoscope.classifiers.trained import (
    RECORD,
    SCHEMA_VERSION,
    WEIGHTS,
    ClassifierRecord,
    TrainedClassifier,
    load_classifier_record,
)
from ganoscope.data.store import Store
from ganoscope.data.store.classes import count_classes
from ganoscope.evaluate.classification.calibration import fit_temperature
from ganoscope.evaluate.classification.metrics import score, to_json
from ganoscope.evaluate.classification.part_checks import find_alarms
from ganoscope.evaluate.classification.predictions import PARTS, make_predictions, save_results
from ganoscope.files import compute_sha256, save_json
from ganoscope.progress import CONSOLE, timed
from ganoscope.training.classifier.config import ClassifyConfig, find_scored, refuse_unfit_store
from ganoscope.training.classifier.epochs import load_epochs
from ganoscope.training.classifier.run_folder import claim_run, make_record, save_weights, start_network
from ganoscope.training.classifier.session import compute_logits, train_classifier

DEFAULTS = ClassifyConfig()


def classify(store: Path, run: Path, config: ClassifyConfig = DEFAULTS) -> ClassifierRecord:
    """Trains a classifier on a store's train part and evaluates it; goes on where an earlier call stopped.

    Args:
        store: Folder of the store.
        run: Folder of the run; complete once it holds `classifier.json`.
        config: Which classifier, and how to train it.

    Returns:
        The record, also of a run that was complete before.

    Raises:
        UserError: The store is damaged or does not suffice, or the folder belongs to something else.
    """
    images = Store.open(store)
    images.verify()
    refuse_unfit_store(images, config)
    config = config.resolve()
    if (run / RECORD).exists():
        claim_run(run, images, config)
        CONSOLE.print(f"{run} is complete: nothing to do. Name another folder to train again.")
        return load_classifier_record(run)
    network, weights = start_network(len(count_classes(images)), config)
    started = claim_run(run, images, config)
    best = train_classifier(images, run, config, network)
    save_weights(run, best)
    record = make_record(images, config, started, weights, compute_sha256(run / WEIGHTS))
    with timed("evaluating"):
        record = evaluate(TrainedClassifier(run, record, best.eval().requires_grad_(False)), images, config)
    save_json(run / RECORD, {"schema_version": SCHEMA_VERSION, **asdict(record)})
    shutil.rmtree(run / "checkpoints", ignore_errors=True)
    return record


def evaluate(classifier: TrainedClassifier, store: Store, config: ClassifyConfig) -> ClassifierRecord:
    """Calibrates, measures, explains and draws a classifier; returns its record with temperature and test metrics."""
    from ganoscope.explanation.answers import explain_answers, find_map_alarms
    from ganoscope.reports.classifier.page import Findings, save_page

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
