"""Experiment tracking in Trackio or Weights & Biases, beside `history.csv` and TensorBoard.

Only numbers are logged: images show patients and paths may name persons, so both stay in the run folder.
"""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ganoscope.errors import UserError
from ganoscope.training.run_folder.record import RunRecord


@dataclass(frozen=True)
class Tracker:
    """A run of a tracker.

    Attributes:
        log: Logs values by name; `step` is the number of images seen.
        finish: Ends the run.
    """

    log: Callable[..., object]
    finish: Callable[[], object]


def refuse_missing(backend: str) -> None:
    """Refuses a tracker that is not installed.

    Raises:
        UserError: Its package is missing.
    """
    if backend != "none" and find_spec(backend) is None:
        raise UserError(f"--track {backend} needs a package that is not installed: pip install 'ganoscope[track]'.")


def open_tracker(record: RunRecord, run: Path) -> Tracker | None:
    """Returns the tracker of a run's options; None for none."""
    config = record.train
    if config.track == "none":
        return None
    project, name = config.project or record.store_name, config.run_name or run.resolve().name
    return BACKENDS[config.track](project, name, describe(record), run)


def describe(record: RunRecord) -> dict[str, Any]:
    """Returns the settings to log, without paths."""
    train = record.train
    own = {name: value for name, value in record.method_config.items() if not str(value).startswith(os.sep)}
    told = ("images", "batch_size", "seed", "schedule", "augment", "diff_augment", "precision")
    return {
        "method": record.method,
        "size": record.size,
        "store_fingerprint": record.store_fingerprint,
        **{name: getattr(train, name) for name in told},
        **own,
    }


def start_trackio(project: str, name: str, settings: Mapping[str, Any], _: Path) -> Tracker:
    """Returns a Trackio run, stored on this machine.

    Args:
        project: Name of the project.
        name: Name of the run.
        settings: Settings to log.
    """
    import trackio

    # it prints to standard output, without an option to stop it
    started = trackio.init(project=project, name=name, config=dict(settings), resume="allow", embed=False)
    return Tracker(started.log, started.finish)


def start_wandb(project: str, name: str, settings: Mapping[str, Any], run: Path) -> Tracker:
    """Returns a Weights & Biases run: offline in the run folder unless WANDB_MODE is set.

    Args:
        project: Name of the project.
        name: Name of the run.
        settings: Settings to log.
        run: Folder of the run.
    """
    import wandb

    private = wandb.Settings(console="off", disable_git=True, x_disable_meta=True, x_disable_machine_info=True)
    started = wandb.init(
        project=project,
        name=name,
        id=hashlib.sha256(os.fsencode(run.resolve())).hexdigest()[:16],
        config=dict(settings),
        dir=run,
        mode=os.environ.get("WANDB_MODE", "offline"),
        resume="allow",
        settings=private,
    )
    return Tracker(started.log, started.finish)


BACKENDS: Mapping[str, Callable[[str, str, Mapping[str, Any], Path], Tracker]] = {
    "trackio": start_trackio,
    "wandb": start_wandb,
}
