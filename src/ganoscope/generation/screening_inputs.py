"""What generation reads beside the run: the store that the run was trained on, and a classifier."""

from ganoscope.classifiers.trained import TrainedClassifier, open_classifier
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.generation.config import GenerateConfig
from ganoscope.training.run_folder.trained_run import TrainedRun, refuse_changed_store


def open_independent_classifier(config: GenerateConfig, device: str) -> TrainedClassifier | None:
    """Returns the classifier that checks the classes of images; None if none was requested."""
    return open_classifier(config.classifier, device) if config.classifier else None


def find_store(run: TrainedRun, config: GenerateConfig) -> Store | None:
    """Returns the store that the run was trained on; None where nothing needs it and it is gone or was changed.

    Raises:
        UserError: It is needed, and gone, changed or another one; or it is damaged.
    """
    needed = config.reject_copies or config.classifier is not None or config.store is not None
    found = run.open_store(config.store)
    if needed and found.reason == "gone":
        raise UserError(
            f"the store that run {run.path} was trained on is not at {found.path}; screening needs its images. Give "
            f"its path with --store STORE."
        )
    if needed:
        refuse_changed_store(run, found)
    if found.store and config.reject_copies:
        found.store.verify()
    return found.store


def read_spacing(store: Store | None) -> tuple[float, float] | None:
    """Returns row and column spacing of the training images in mm; None where it is unknown or varies."""
    found = set(store.column("spacing_mm")[store.indices("train")].tolist()) if store else set()
    if len(found) != 1 or "" in found:
        return None
    row, column = map(float, found.pop().split("x"))
    return row, column
