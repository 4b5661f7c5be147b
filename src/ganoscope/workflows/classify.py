"""`ganoscope classify`: trains a classifier, calibrates, evaluates and explains it, and writes its page."""

from pathlib import Path

from ganoscope.classifiers.trained import RECORD, ClassifierRecord
from ganoscope.data.store import Store
from ganoscope.evaluate.classification.classifier_run import train_and_evaluate
from ganoscope.explanation.answer_files import explain_run
from ganoscope.locks import one_writer
from ganoscope.progress import CONSOLE, timed
from ganoscope.registry import state_module
from ganoscope.reports.classifier.page import PAGE, save_page
from ganoscope.training.classifier.config import ClassifyConfig

DEFAULTS = ClassifyConfig()


def classify(store: Path, run: Path, config: ClassifyConfig = DEFAULTS) -> ClassifierRecord:
    """Trains a classifier on a store's train split, evaluates and explains it; resumes where an earlier call stopped.

    Args:
        store: Folder of the store.
        run: Folder of the run; complete once it holds `classifier.json` and `classifier.html`.
        config: Which classifier is trained, and how.

    Returns:
        The record, also of a run that was complete before.

    Raises:
        UserError: The store is damaged or not fit to learn from, or the folder belongs to something else.
    """
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
