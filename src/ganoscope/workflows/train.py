"""`ganoscope train`: trains a method on a store's train split into a run folder, and resumes it."""

import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from ganoscope.data.feeding.augment import Policy
from ganoscope.data.store import Store
from ganoscope.locks import one_writer
from ganoscope.presets import Preset, find_preset
from ganoscope.progress import CONSOLE
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
    """Trains a method on a store's train split into a run folder; repeat the call to resume.

    Args:
        method: Name of a method or a preset, or the dotted name of your own module.
        store: Folder of the store.
        run: Folder of the run.
        config: Training options; by default those of the method or preset.
        method_config: The method's hyper-parameters, its `Config`, see `presets.configure`; by default those of the
            method or preset.
        policy: Your own augmentation in place of `config.augment`.

    Returns:
        The content of `run.json`.

    Raises:
        UserError: The method can't handle the store's size, the store is damaged, or the run belongs to something else.
    """
    preset = find_preset(method)
    note_size(preset, store)
    config = config or preset.train
    alone = config.devices == 1 and "RANK" not in os.environ
    with hold_run(run):
        record = prepare_run(preset.method, method_config or preset.method_config, store, run, config, policy)
        if alone:
            train_process(record, run)
    if not alone:
        start_processes(record, run)
    return record


def hold_run(run: Path) -> AbstractContextManager[None]:
    """Returns the lock of a run folder, held by the process that writes to it."""
    return one_writer(run) if os.environ.get("RANK", "0") == "0" else nullcontext()


def start_processes(record: RunRecord, run: Path) -> None:
    """Trains in several processes: those that torchrun has started, or new ones."""
    if "RANK" in os.environ:
        train_holding(record, run)
    else:
        launch(record.train.devices, train_holding, record, run)


def train_holding(record: RunRecord, run: Path) -> None:
    """Trains in one of several processes; the first of them holds the run's lock, and so outlives who started it."""
    with hold_run(run):
        train_process(record, run)


def train_process(record: RunRecord, run: Path) -> None:
    """Trains in this process until the run's number of images is reached."""
    with join_processes(record.train.device) as place:
        session = Session(record, run, place)
        session.train()


def note_size(preset: Preset, store: Path) -> None:
    """Prints a note where a preset is meant for images of another size than the store's."""
    if preset.size_px and os.environ.get("RANK", "0") == "0":
        size_px = Store.open(store).size
        if size_px != preset.size_px:
            CONSOLE.print(f"note: preset {preset.name} is meant for {preset.size_px} px; {store} has {size_px} px.")
