"""Trains a generator on all training images of a store, as a part of something larger."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ganoscope.data.store import Store
from ganoscope.presets import find_preset
from ganoscope.training.preflight import prepare_run
from ganoscope.training.processes import join_processes
from ganoscope.training.session import Session


def learn(data: Store, run: Path, method: str, training: Mapping[str, Any], ticks: int | None = None) -> None:
    """Trains a method into a run folder; goes on where an interrupted training stopped.

    A batch has at most as many images as there are to learn from.

    Args:
        data: Store to learn from.
        run: Folder of the run.
        method: Method or preset.
        training: Options of `TrainConfig` in place of the preset's: `images`, counted over all epochs, `seed`, `device`
            and `precision`.
        ticks: Number of checkpoints and sample grids; by default, as many as the method has otherwise.

    Raises:
        UserError: The store does not fit the method.
    """
    preset = find_preset(method)
    batch = min(preset.train.batch_size, len(data.indices("train")))
    rare = {"tick_images": -(-training["images"] // ticks)} if ticks else {}
    config = replace(preset.train, **{**training, **rare, "epochs": None, "batch_size": batch})
    record = prepare_run(preset.method, preset.method_config, data.path, run, config)
    with join_processes(record.train.device) as place:
        Session(record, run, place).train()
