"""Task that trains the generator of one outer split, on the patients that the split learns from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from ganoscope.data.store import Store
from ganoscope.generators.learning import learn
from ganoscope.studies.result_files import RUN, STORE

REVISIONS = {"train_generator": 1}


def train_generator(
    output: Path,
    inputs: Mapping[str, Path],
    *,
    method: str,
    images: int,
    seed: int,
    device: Literal["auto", "cpu", "cuda"],
) -> None:
    """Trains a method into the folder `run`; goes on where an interrupted task stopped.

    Args:
        output: Folder of the result.
        inputs: `data`: the store to learn from.
        method: Method or preset.
        images: Images to train on, counted over all epochs.
        seed: Random seed.
        device: Device to compute on.
    """
    data = Store.open(inputs["data"] / STORE)
    learn(data, output / RUN, method=method, images=images, seed=seed, device=device)
