"""Measurements of a run that need nothing but images: every file of the registry that fits, kept in the run's folder.

Diversity is not among them: it has a file and a section of its own.
"""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ganoscope.contracts import Measurement
from ganoscope.data.real_images import RealImages
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.evaluate import available, load
from ganoscope.evaluate.comparison import Comparison, GeneratedImages
from ganoscope.files import save_json
from ganoscope.files.records import load_mapping
from ganoscope.generation import draw_images
from ganoscope.seeds import Stream, stream
from ganoscope.training.run_folder.trained_run import TrainedRun

SCHEMA_VERSION = 1
IMAGES = ("generated", "training", "held_out")
"""What a report has for a measurement; extractors, classifiers and HU need a decision of the user's."""


def measure_run(run: TrainedRun, store: Store, folder: Path, number: int, seed: int) -> None:
    """Writes `NAME.json` for each measurement that needs only images, unless it holds for these weights and settings.

    Args:
        run: Run whose generator draws the images.
        store: Store that the run was trained on.
        folder: Where to write.
        number: Largest number of images per set.
        seed: Seed of the noise and of the choice of real images.

    Raises:
        UserError: A measurement refuses the images.
    """
    origin = {
        "schema_version": SCHEMA_VERSION,
        "images_seen": run.images_seen,
        "weights_sha256": run.weights_sha256,
        "store_fingerprint": store.fingerprint,
        "number": number,
        "seed": seed,
    }
    missing = [one for one in list_measurements() if not holds(folder / f"{one.NAME}.json", origin)]
    if not missing:
        return
    comparison = compare(run, store, number, seed)
    for one in missing:
        if comparison.has(one.NEEDS):
            save_json(folder / f"{one.NAME}.json", {**origin, **asdict(one.measure(comparison))})


def list_measurements() -> Iterator[Measurement[Comparison]]:
    """Yields the measurements that need nothing but images, except diversity."""
    for name in available():
        measurement = load(name)
        if name != "diversity" and measurement.NEEDS.issubset(IMAGES):
            yield measurement


def holds(path: Path, origin: dict[str, Any]) -> bool:
    """Tells whether a file holds a measurement of the same weights, images and settings."""
    try:
        kept = load_mapping(path)
    except UserError:  # missing or damaged
        return False
    return all(kept.get(name) == value for name, value in origin.items())


def compare(run: TrainedRun, store: Store, number: int, seed: int) -> Comparison:
    """Returns generated images beside random training and held-out images, up to `number` of each.

    Args:
        run: Run whose generator draws the images.
        store: Store that the run was trained on.
        number: Largest number of images per set.
        seed: Seed of the noise and of the choice of real images.
    """
    training, held_out = choose_real(store, number, seed)
    generated = GeneratedImages(np.concatenate(list(draw_images(run, number, seed))))
    return Comparison(generated, training, held_out, seed=seed)


def choose_real(store: Store, number: int, seed: int) -> tuple[RealImages | None, RealImages | None]:
    """Returns random training images and random held-out images of a store, up to `number` each; None where none are.

    Args:
        store: The store.
        number: Largest number of images per set.
        seed: Seed of the choice.
    """
    training, held_out = (
        np.sort(stream(seed, Stream.MEASURED_IMAGES).permutation(store.indices(*splits))[:number])
        for splits in (("train",), ("validation", "test"))
    )
    return (
        RealImages(store, training) if len(training) else None,
        RealImages(store, held_out) if len(held_out) else None,
    )
