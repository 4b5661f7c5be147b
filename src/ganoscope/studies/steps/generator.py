"""Task that trains the generator of one outer split, on the patients that the split learns from."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from ganoscope.data.store import Store
from ganoscope.presets import find_preset
from ganoscope.studies.result_files import RUN, STORE
from ganoscope.studies.steps.own_modules import import_modules
from ganoscope.training.preflight import prepare_run
from ganoscope.training.processes import join_processes
from ganoscope.training.session import Session

REVISIONS = {"train_generator": 1}


def train_generator(
    output: Path,
    inputs: Mapping[str, Path],
    *,
    method: str,
    images: int,
    seed: int,
    device: Literal["auto", "cpu", "cuda"],
    modules: Mapping[str, str] | None = None,
) -> None:
    """Trains a method into the folder `run`; goes on where an interrupted task stopped.

    A batch has at most as many images as there are to learn from.

    Args:
        output: Folder of the result.
        inputs: `data`: the store to learn from.
        method: Method or preset.
        images: Images to train on, counted over all epochs.
        seed: Random seed.
        device: Device to compute on.
        modules: Hash of each of the user's own modules that it may run, by dotted name.
    """
    import_modules(modules)
    preset, data = find_preset(method), Store.open(inputs["data"] / STORE)
    batch = min(preset.train.batch_size, len(data.indices("train")))
    changes: dict[str, Any] = {"images": images, "epochs": None, "batch_size": batch, "seed": seed, "device": device}
    config = replace(preset.train, **changes)
    record = prepare_run(preset.method, preset.method_config, data.path, output / RUN, config)
    with join_processes(record.train.device) as place:
        Session(record, output / RUN, place).train()
