"""Task that trains the generator of one outer split, on the patients that the split learns from."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ganoscope.data.store import Store
from ganoscope.presets import find_preset
from ganoscope.studies.result_files import RUN, STORE
from ganoscope.studies.steps.own_modules import import_modules
from ganoscope.training.preflight import prepare_run
from ganoscope.training.processes import join_processes
from ganoscope.training.session import Session

REVISIONS = {"train_generator": 2}


def train_generator(
    output: Path,
    inputs: Mapping[str, Path],
    *,
    method: str,
    training: Mapping[str, Any],
    modules: Mapping[str, str] | None = None,
) -> None:
    """Trains a method into the folder `run`; goes on where an interrupted task stopped.

    A batch has at most as many images as there are to learn from.

    Args:
        output: Folder of the result.
        inputs: `data`: the store to learn from.
        method: Method or preset.
        training: Options of `TrainConfig` in place of the preset's: `images`, counted over all epochs, `seed`, `device`
            and `precision`.
        modules: Hash of each of the user's own modules that it may run, by dotted name.
    """
    import_modules(modules)
    preset, data = find_preset(method), Store.open(inputs["data"] / STORE)
    batch = min(preset.train.batch_size, len(data.indices("train")))
    config = replace(preset.train, **{**training, "epochs": None, "batch_size": batch})
    record = prepare_run(preset.method, preset.method_config, data.path, output / RUN, config)
    with join_processes(record.train.device) as place:
        Session(record, output / RUN, place).train()
