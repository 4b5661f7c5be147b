"""Task that makes one model of a bank: its half of the patients, its training, its images."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ganoscope.banks.halves import draw_half, find_patients
from ganoscope.data.store import Store
from ganoscope.data.store.derived import derive_store
from ganoscope.files import remove, remove_leftovers
from ganoscope.generation.drawing import draw_chosen
from ganoscope.generators.image_store import save_images
from ganoscope.generators.learning import learn
from ganoscope.generators.same_store import open_same
from ganoscope.seeds import Stream, stream
from ganoscope.tasks.own_modules import import_modules
from ganoscope.training.processes import choose_device
from ganoscope.training.run_folder.checkpoint import list_checkpoints
from ganoscope.training.run_folder.trained_run import open_run

REVISIONS = {"make_model": 1}
RUN, IMAGES = "run", "images"
"""Folders in a task's result: the run, and the store of generated images."""
HALF = "half"
"""Folder of the store of a model's patients, while it is being made."""
TICKS = 4
"""Checkpoints of a training: few, as they cost a fifth of the time of a small one."""


def make_model(
    output: Path,
    inputs: Mapping[str, Path],
    *,
    store: str,
    fingerprint: str,
    half: Mapping[str, int],
    training: Mapping[str, Any],
    drawing: Mapping[str, Any],
) -> None:
    """Trains a model on its half of the patients, and draws its images; goes on where an interrupted task stopped.

    Args:
        output: Folder of the result: the run, with its last checkpoint, and the store of the images.
        inputs: None.
        store: Folder of the store.
        fingerprint: Its fingerprint.
        half: `model`: number of the model, and `seed` of the bank.
        training: `method`, and `images`, `seed`, `device` and `precision`, as in `learn`;
            `modules`: hash of a method of the user's own, by its dotted name.
        drawing: `number` of images, `seed` of noise and classes, `classes`: images of each class in the store.

    Raises:
        UserError: The store is another one, or does not fit the method; or the method was edited.
    """
    import_modules(training.get("modules"))
    own = output / HALF
    if not (output / IMAGES).exists():
        source = open_same(store, fingerprint, "bank")
        data = Store.open(own) if own.exists() else cut_half(source, half, own)
        options = {name: value for name, value in training.items() if name not in ("method", "modules")}
        learn(data, output / RUN, training["method"], options, TICKS)
        for older in list_checkpoints(output / RUN)[:-1]:
            remove(older)
        draw_images(output, data, drawing, training["device"])
    remove(own)
    remove_leftovers(output)
    remove_leftovers(output / RUN / "checkpoints")


def cut_half(source: Store, half: Mapping[str, int], folder: Path) -> Store:
    """Writes a store of the patients that a model learns from; nobody else is in it.

    Args:
        source: Store that is cut.
        half: As in `make_model`.
        folder: Folder to create.
    """
    chosen = draw_half(find_patients(source), half["seed"], half["model"])
    return derive_store(source, np.where(chosen, "train", ""), folder)


def draw_images(output: Path, data: Store, drawing: Mapping[str, Any], device: Literal["auto", "cpu", "cuda"]) -> None:
    """Draws images from the trained model, and writes them as a store.

    Args:
        output: Folder of the result.
        data: Store that the model has learned from.
        drawing: As in `make_model`.
        device: Device to compute on.
    """
    run = open_run(output / RUN, choose_device(device))
    number, seed = drawing["number"], drawing["seed"]
    codes = choose_codes(list(drawing["classes"].values()), number, seed)
    images = draw_chosen(run, np.arange(number), codes, seed)
    names = list(drawing["classes"]) or [""]
    labels = [names[code] for code in codes.tolist()]
    save_images(data, run.record.intensity.to_pixels(images[:, 0]), labels, output / IMAGES)


def choose_codes(counts: list[int], number: int, seed: int) -> NDArray[np.int64]:
    """Returns the class codes of the images that every model draws, shape (number,), classes as frequent as `counts`.

    Args:
        counts: Images of each class; empty where there are no classes.
        number: Number of images.
        seed: Random seed of their order.

    Example:
        >>> np.bincount(choose_codes([30, 10], 10, seed=0)).tolist()
        [8, 2]
    """
    if not counts:
        return np.zeros(number, np.int64)
    edges = np.cumsum(counts) / np.sum(counts)
    codes = np.searchsorted(edges, (np.arange(number) + 0.5) / number, side="left")
    return stream(seed, Stream.BANK_LABELS).permutation(codes.astype(np.int64))
