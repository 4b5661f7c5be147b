"""What generation reads beside the run: the store that the run was trained on, and a classifier."""

from pathlib import Path

from ganoscope.classifiers.trained import TrainedClassifier, open_classifier
from ganoscope.data.store import Store
from ganoscope.errors import UserError, describe
from ganoscope.generation.config import GenerateConfig
from ganoscope.training.run_folder.trained_run import TrainedRun


def open_judge(config: GenerateConfig, device: str) -> TrainedClassifier | None:
    """Returns the classifier that is to judge, where one is."""
    return open_classifier(config.classifier, device) if config.classifier else None


def find_store(run: TrainedRun, config: GenerateConfig) -> Store | None:
    """Returns the store that the run was trained on; None where nothing needs it and it is not at its place.

    Raises:
        UserError: It is needed and gone, or another one, or changed since.
    """
    needed = config.reject_copies or config.classifier is not None or config.store is not None
    path = config.store or Path(run.record.store)
    if not (path / "store.json").exists():
        if not needed:
            return None
        raise UserError(
            f"the store that run {run.path} was trained on is not at {path}; screening needs its images. Say where it "
            "is: --store STORE."
        )
    store = Store.open(path)
    if store.fingerprint == run.record.store_fingerprint:
        if config.reject_copies:
            store.verify()
        return store
    if not needed:
        return None
    given, wanted = store.fingerprint[:12], run.record.store_fingerprint[:12]
    fault = f"store {path} is not the one that run {run.path} was trained on: its fingerprint differs"
    raise UserError(describe(fault, given, wanted, "Name the run's own store with --store."))


def read_spacing(store: Store | None) -> tuple[float, float] | None:
    """Returns row and column spacing of the training images in mm, or None where it is unknown or varies."""
    found = set(store.column("spacing_mm")[store.indices("train")].tolist()) if store else set()
    if len(found) != 1 or "" in found:
        return None
    row, column = map(float, found.pop().split("x"))
    return row, column
