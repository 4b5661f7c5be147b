"""The history of a classifier's training: one row per epoch, the best epoch, and when to stop."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from ganoscope.files.records import read_records
from ganoscope.files.tables import append_csv, save_csv


@dataclass(frozen=True)
class Epoch:
    """Results of one epoch.

    Attributes:
        epoch: Number of the epoch, from 1.
        images: Images seen by its end.
        seconds: Seconds since the start of the call that ran it.
        learning_rate: Learning rate during the epoch.
        train_loss: Mean loss over its steps, in training mode, on augmented images.
        validation_loss: Loss on the validation split.
        validation_auroc: AUROC on the validation split; for more than two classes, the mean of each against the rest.
        validation_accuracy: Accuracy on the validation split.
        added_share: Share of added images, such as synthetic ones, among the images seen in it.
    """

    epoch: int
    images: int
    seconds: float
    learning_rate: float
    train_loss: float
    validation_loss: float
    validation_auroc: float
    validation_accuracy: float = 0.0
    added_share: float = 0.0


COLUMNS = tuple(field.name for field in fields(Epoch))


def find_best(epochs: Sequence[Epoch]) -> int:
    """Returns the position of the best epoch: highest validation AUROC, then lowest validation loss, then the first."""
    return max(
        range(len(epochs)), key=lambda i: (epochs[i].validation_auroc, -epochs[i].validation_loss, -epochs[i].epoch)
    )


def should_stop(epochs: Sequence[Epoch], patience: int) -> bool:
    """Tells whether `patience` epochs have passed since the best one."""
    return bool(epochs) and len(epochs) - 1 - find_best(epochs) >= patience


def append_epoch(run: Path, epoch: Epoch) -> None:
    """Appends a row to `history.csv`, and waits until it is on disk."""
    append_csv(run / "history.csv", COLUMNS, [asdict(epoch)])


def load_epochs(run: Path) -> list[Epoch]:
    """Returns the finished epochs of a run; an incomplete last row of a killed call is left out.

    Raises:
        UserError: The table is damaged.
    """
    path = run / "history.csv"
    return list(read_records(path, Epoch, unfinished=True)) if path.exists() else []


def forget_after(run: Path, images_seen: int) -> list[Epoch]:
    """Returns the epochs up to a number of images seen; later rows are dropped from the file and will be rerun."""
    kept = [epoch for epoch in load_epochs(run) if epoch.images <= images_seen]
    save_csv(run / "history.csv", COLUMNS, map(asdict, kept))
    return kept
