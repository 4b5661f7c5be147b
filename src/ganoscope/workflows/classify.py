"""`ganoscope classify`: trains a classifier, calibrates, evaluates and explains it, or measures a trained one."""

from dataclasses import fields, replace
from pathlib import Path

from ganoscope.classifiers.trained import RECORD, ClassifierRecord, open_classifier
from ganoscope.data.store import Store
from ganoscope.errors import UserError, describe
from ganoscope.evaluate.classification.classifier_run import train_and_evaluate
from ganoscope.evaluate.classification.external import claim, measure_external, refuse_unfit
from ganoscope.evaluate.classification.metrics import to_json
from ganoscope.evaluate.classification.predictions import load_results
from ganoscope.explanation.answer_files import explain_run
from ganoscope.locks import one_writer
from ganoscope.progress import CONSOLE, timed
from ganoscope.registry import state_module
from ganoscope.reports.classifier.external_page import EXTERNAL_PAGE, save_external_page
from ganoscope.reports.classifier.page import PAGE, save_page
from ganoscope.training.classifier.config import ClassifyConfig
from ganoscope.training.processes import choose_device

DEFAULTS = ClassifyConfig()


def classify(
    store: Path, run: Path, config: ClassifyConfig = DEFAULTS, classifier: Path | None = None
) -> ClassifierRecord:
    """Trains a classifier on a store's train split, evaluates and explains it; resumes where an earlier call stopped.

    Args:
        store: Folder of the store.
        run: Folder of the run; complete once it holds `classifier.json` and `classifier.html`.
        config: Which classifier is trained, and how.
        classifier: Folder of a trained classifier, which is measured on the store's test split instead; `run` then
            holds the results, and is complete once it holds `external.html`.

    Returns:
        The record, also of a run that was complete before; its metrics are those on this store.

    Raises:
        UserError: The store is damaged or not fit to learn from or to measure on, or the folder belongs to something
            else.
    """
    if classifier:
        return measure(classifier, store, run, config)
    state_module(config.network)
    images = Store.open(store)
    images.verify()
    with one_writer(run):
        complete = (run / RECORD).exists() and (run / PAGE).exists()
        record = train_and_evaluate(images, run, config)
        if complete:
            CONSOLE.print(f"{run} is complete: nothing to do. Name another folder to train again.")
            return record
        with timed("explaining"):
            explain_run(run, images, config.resolve().device)
        with timed("page"):
            save_page(run, images)
    return record


def measure(classifier: Path, store: Path, out: Path, config: ClassifyConfig = DEFAULTS) -> ClassifierRecord:
    """Measures a trained classifier on the test split of a store of other patients, and writes the page.

    Args:
        classifier: Folder of the classifier.
        store: Folder of the store.
        out: Folder of the results.
        config: Device and seed; everything else must be left as it is, since nothing is trained.

    Returns:
        The record of the classifier, with the metrics on this store.

    Raises:
        UserError: The store is damaged or does not fit the classifier, the folder belongs to something else, or an
            option of the training is stated.
    """
    refuse_training_options(config)
    device = choose_device(config.device)
    trained, images = open_classifier(classifier, device), Store.open(store)
    images.verify()
    refuse_unfit(trained, images)
    with one_writer(out):
        claim(out, trained, images, config.seed)
        if (out / EXTERNAL_PAGE).exists():
            CONSOLE.print(f"{out} is complete: nothing to do. Name another folder to measure again.")
            scores = load_results(out, images)["test"].scores
            return replace(trained.record, metrics=to_json(scores))
        with timed("evaluating"):
            record = measure_external(trained, images, out, config.seed, device)
        with timed("page"):
            save_external_page(out, trained.record, images)
    return record


def refuse_training_options(config: ClassifyConfig) -> None:
    """Refuses options that would have no effect, since nothing is trained.

    Raises:
        UserError: One differs from its default.
    """
    idle = [
        f"--{one.name.replace('_', '-')}"
        for one in fields(config)
        if one.name not in ("device", "seed") and getattr(config, one.name) != getattr(DEFAULTS, one.name)
    ]
    if idle:
        remedy = "Leave them out: they are for training."
        fault = "with --classifier nothing is trained, so that some options have no effect"
        raise UserError(describe(fault, ", ".join(idle), "--device, --seed", remedy))
