"""`ganoscope train`: trains a method on a store's train part into a run folder, and resumes it."""

import os
from pathlib import Path
from typing import Any

from ganoscope.data.feeding.augment import Policy
from ganoscope.methods import load
from ganoscope.training.config import TrainConfig
from ganoscope.training.preflight import prepare_run
from ganoscope.training.processes import join_processes, launch
from ganoscope.training.run_folder.record import RunRecord
from ganoscope.training.session import Session


def train(
    method: str,
    store: Path,
    run: Path,
    config: TrainConfig | None = None,
    *,
    method_config: Any = None,
    policy: Policy | None = None,
) -> RunRecord:
    """Trains a method on a store's train part into a run folder; the same call resumes an earlier one.

    Args:
        method: Name of the method, or the dotted name of a module of your own.
        store: Folder of the store.
        run: Folder of the run.
        config: How to train; the method's own defaults where it is not given.
        method_config: The method's hyper-parameters, its `Config`; the defaults where it is not given.
        policy: Augmentation of your own, in place of `config.augment`.

    Returns:
        What the run was: the content of `run.json`.

    Raises:
        UserError: The method can't do the store's size, the store is damaged, or the run belongs to something else.
    """
    module = load(method)
    config = config or TrainConfig(**getattr(module, "DEFAULTS", {}))
    record = prepare_run(method, method_config or module.Config(), store, run, config, policy)
    if config.devices > 1 and "RANK" not in os.environ:
        launch(config.devices, train_process, record, run)
    else:
        train_process(record, run)
    return record


def train_process(record: RunRecord, run: Path) -> None:
    """Trains in this process until the run's number of images is reached."""
    with join_processes(record.train.device) as place:
        session = Session(record, run, place)
        session.train()
