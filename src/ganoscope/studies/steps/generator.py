"""Task that trains the generator of one outer split, on the patients that the split learns from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganoscope.data.store import Store
from ganoscope.generators.learning import learn
from ganoscope.studies.result_files import RUN, STORE
from ganoscope.tasks.own_modules import import_modules

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

    Args:
        output: Folder of the result.
        inputs: `data`: the store to learn from.
        method: Method or preset.
        training: Options of `TrainConfig` in place of the preset's: `images`, counted over all epochs, `seed`, `device`
            and `precision`.
        modules: Hash of each of the user's own modules that it may run, by dotted name.
    """
    import_modules(modules)
    learn(Store.open(inputs["data"] / STORE), output / RUN, method, training)
