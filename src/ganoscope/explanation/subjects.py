"""The images that are explained: held-out real ones, which training never saw, and as many generated ones."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ganoscope.classifiers.trained import describe_range
from ganoscope.data.store import Sample, Store
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.errors import UserError, describe, gather, refuse
from ganoscope.generation import draw_images
from ganoscope.seeds import Stream, stream
from ganoscope.training.run_folder.trained_run import TrainedRun

HELD_OUT = ("test", "validation")
"""Splits to take real images from, in this order."""


@dataclass(frozen=True)
class Subjects:
    """One set of images.

    Attributes:
        name: `real` or `generated`.
        images: Network range, shape (N, 1, H, W).
        ids: Sample ids, or the generated images' indices.
        groups: Group of each image, resampled as a whole: the manifest's groups; each generated image by itself.
        splits: Split of each image, or "".
        intensity: Map between stored units and network range.
    """

    name: str
    images: NDArray[np.float32]
    ids: list[str]
    groups: list[str]
    splits: list[str]
    intensity: IntensityMap

    @property
    def pictures(self) -> NDArray[np.float32]:
        """The images as displayed, shape (N, H, W), in [-1, 1]."""
        return self.intensity.to_view(self.images[:, 0])


def draw_generated(run: TrainedRun, number: int, seed: int) -> Subjects:
    """Returns images of the run's generator; image i depends on the seed and i only.

    Args:
        run: The run.
        number: Number of images.
        seed: Random seed.
    """
    ids = [f"{index:06d}" for index in range(number)]
    images = np.concatenate(list(draw_images(run, number, seed)))
    return Subjects("generated", images, ids, ids, [""] * number, run.record.intensity)


def choose_real(run: TrainedRun, store: Store, number: int, seed: int) -> Subjects:
    """Returns held-out real images, at most `number`: a seeded choice, spread over patients or clusters.

    Args:
        run: The run; images it was trained on are left out.
        store: Store with held-out images.
        number: Most images to choose.
        seed: Random seed of the choice.

    Raises:
        UserError: The store does not fit the run, is of another modality, or holds no image that is new to the run.
    """
    gather(
        partial(refuse_misfit, run, store),
        partial(refuse_modality, f"store {store.path}", store.modality, open_own_store(run)),
    )
    trained = {stem(name) for name in run.record.sample_ids}
    candidates = [
        (index, sample)
        for index, sample in enumerate(store.samples())
        if sample.split in HELD_OUT and stem(sample.sample_id) not in trained
    ]
    if not candidates:
        raise UserError(
            f"store {store.path} has no held-out image: no test or validation image in it is new to run {run.path}. "
            "Explanations on training images would show what the discriminator has memorised. Prepare a store with "
            "test images, or give another one."
        )
    order = order_by_turns([sample for _, sample in candidates], seed)
    chosen = [candidates[position] for position in order[:number]]
    samples = [sample for _, sample in chosen]
    return Subjects(
        name="real",
        images=store.load_images(np.array([index for index, _ in chosen])),
        ids=[sample.sample_id for sample in samples],
        groups=[sample.group for sample in samples],
        splits=[sample.split for sample in samples],
        intensity=store.intensity,
    )


def refuse_misfit(run: TrainedRun, store: Store) -> None:
    """Does nothing for a store whose images fit the run's networks.

    Raises:
        UserError: The images are of another size or intensity; the message names all differences.
    """
    faults = []
    if store.size != run.record.size:
        faults.append(
            f"store {store.path} has images of another size than run {run.path}: got {store.size}; allowed: "
            f"{run.record.size}. Prepare it with --size {run.record.size}."
        )
    if store.intensity != run.record.intensity:
        faults.append(
            f"store {store.path} has other intensities than run {run.path}: got {describe_range(store.intensity)}; "
            f"allowed: {describe_range(run.record.intensity)}. The discriminator would see a range that it was "
            "not trained on."
        )
    refuse(faults)


def refuse_modality(what: str, modality: str, store: Store | None) -> None:
    """Does nothing where the modality is that of the run's own store, or one of them is unknown.

    Args:
        what: What is of that modality, for the message.
        modality: Its modality; "" where unknown.
        store: The run's own store; None where it is gone.

    Raises:
        UserError: The modalities differ.
    """
    if store and store.modality not in ("", "mixed") and modality not in ("", store.modality):
        fault = f"{what} is of another modality than the run's training data"
        raise UserError(describe(fault, modality, store.modality, "Use one of that modality."))


def open_own_store(run: TrainedRun) -> Store | None:
    """Returns the store that a run was trained on; None where it was moved or changed since."""
    try:
        return run.open_store().store
    except UserError:  # damaged
        return None


@dataclass(frozen=True)
class Source:
    """The store of the real images, and the one that the run was trained on.

    Attributes:
        store: Name of the store with the real images.
        fingerprint: Its fingerprint.
        run_store: Name of the store that the run was trained on.
        run_fingerprint: Its fingerprint.
    """

    store: str
    fingerprint: str
    run_store: str
    run_fingerprint: str

    @property
    def own(self) -> bool:
        """Whether both are the same."""
        return self.fingerprint == self.run_fingerprint

    @property
    def description(self) -> str:
        """The store of the real images in words, and the run's own where that is another."""
        if self.own:
            return f"the real images are from {self.store}, the data that the run was trained on"
        return (
            f"the real images are from {self.store} (fingerprint {self.fingerprint[:12]}), not from the data that "
            f"the run was trained on: {self.run_store} (fingerprint {self.run_fingerprint[:12]})"
        )


def find_source(run: TrainedRun, store: Store) -> Source:
    """Returns the source of the real images."""
    record = run.record
    return Source(store.name, store.fingerprint, record.store_name, record.store_fingerprint)


def stem(sample_id: str) -> str:
    """Returns the part of a sample id that comes from the file's content and the frame; copies have a number after it.

    Example:
        >>> stem("8cb8d50d9cf9-1"), stem("8cb8d50d9cf9-f3-1"), stem("phantom-000001")
        ('8cb8d50d9cf9', '8cb8d50d9cf9-f3', 'phantom-000001')
    """
    return re.sub(r"^([0-9a-f]{12}(-f\d+)?)-\d+$", r"\1", sample_id)


def order_by_turns(samples: Sequence[Sample], seed: int) -> list[int]:
    """Returns positions in the order to take them: test before validation, then one of every group by turns."""
    random = stream(seed, Stream.SUBJECTS)
    shuffled = random.permutation(len(samples))
    seen: dict[str, int] = {}
    keys = []
    for position in shuffled:
        sample = samples[position]
        turn = seen[sample.group] = seen.get(sample.group, -1) + 1
        keys.append((HELD_OUT.index(sample.split), turn))
    return [int(shuffled[rank]) for rank in sorted(range(len(keys)), key=keys.__getitem__)]
