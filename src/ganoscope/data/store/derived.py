"""Stores made from another one: some of its images under other splits, and images that are added to train on."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.store.sample import COLUMNS, QUARANTINE_COLUMNS, Sample
from ganoscope.data.store.store import Store, StoreWriter
from ganoscope.files import new_folder, save_json
from ganoscope.files.tables import save_csv

BLOCK_IMAGES = 256
"""Images copied at a time."""
SYNTHETIC, DUPLICATE = "synthetic", "duplicate"
"""Kinds of added images."""


@dataclass(frozen=True)
class AddedImages:
    """Images to add to the train split.

    Attributes:
        pixels: Stored units of the store, shape (N, H, W).
        rows: Their rows of the manifest.
    """

    pixels: NDArray[np.generic]
    rows: Sequence[Sample]


def derive_store(store: Store, splits: NDArray[np.str_], folder: Path, added: AddedImages | None = None) -> Store:
    """Writes a store of some images of another one, in constant memory, and returns it.

    Args:
        store: Store to take images from.
        splits: New split of each of its images, shape (N,); "" leaves an image out.
        folder: Folder to create.
        added: Images to add; their rows tell their split.
    """
    kept = np.flatnonzero(splits != "")
    with new_folder(folder) as out:
        writer = StoreWriter(out, store.size, store.intensity.dtype)
        for start in range(0, len(kept), BLOCK_IMAGES):
            copy_block(store, kept[start : start + BLOCK_IMAGES], writer)
        for pixels in added.pixels if added else ():
            writer.append(pixels)
        rows = (*take_rows(store, splits), *(added.rows if added else ()))
        save_csv(out / "manifest.csv", COLUMNS, map(asdict, rows))
        save_csv(out / "quarantine.csv", QUARANTINE_COLUMNS, [])
        save_json(out / "alarms.json", [])
        writer.finish(store.name, store.intensity, store.modality, {"derived_from": store.fingerprint})
    return Store.open(folder)


def copy_block(store: Store, indices: NDArray[np.int64], writer: StoreWriter) -> None:
    """Appends images with their masks to a store.

    Args:
        store: Where they are.
        indices: Their positions, shape (B,).
        writer: Store to append them to.
    """
    pixels = store.images[indices]
    masks, anatomy = (None if found is None else found[indices] for found in (store.masks, store.anatomy))
    for place in range(len(indices)):
        of_image = (None if found is None else found[place] for found in (masks, anatomy))
        writer.append(pixels[place], *of_image)


def take_rows(store: Store, splits: NDArray[np.str_]) -> Iterator[Sample]:
    """Yields the rows of the images that are kept, each with its new split, given for every image, shape (N,)."""
    for sample, split in zip(store.samples(), splits.tolist(), strict=True):
        if split:
            yield replace(sample, split=split)


def make_duplicates(store: Store, positions: NDArray[np.int64]) -> AddedImages:
    """Returns images of a store once more, as additional training images of the same patients.

    Args:
        store: Store of the images.
        positions: Which ones, shape (N,); one may occur several times.
    """
    samples = list(store.samples())
    rows = [
        replace(samples[place], sample_id=f"{samples[place].sample_id}-copy{number}", split="train", added=DUPLICATE)
        for number, place in enumerate(positions.tolist())
    ]
    return AddedImages(np.asarray(store.images[positions]), rows)


def make_synthetic(
    store: Store, pixels: NDArray[np.generic], labels: Sequence[str], names: Sequence[str]
) -> AddedImages:
    """Returns generated images as additional training images, each a group of its own.

    Args:
        store: Store that they are added to.
        pixels: Images in its stored units, shape (N, H, W).
        labels: Their classes.
        names: Their ids.
    """
    rows = [
        Sample(
            sample_id=f"synthetic-{name}",
            label=label,
            patient="",
            group=f"synthetic-{name}",
            split="train",
            source="",
            source_split="",
            source_sha256="",
            height_px=store.size,
            width_px=store.size,
            modality="" if store.modality == "mixed" else store.modality,
            added=SYNTHETIC,
        )
        for label, name in zip(labels, names, strict=True)
    ]
    return AddedImages(pixels.astype(store.intensity.dtype), rows)
