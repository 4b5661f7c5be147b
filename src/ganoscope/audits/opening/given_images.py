"""Synthetic images that an audit is given: a folder of `ganoscope generate`, a store, or a folder of any other program.

The images of another program go through `prepare` into a temporary store, with the size and the options that the real
store was prepared with. Its key tells the files' names.
"""

import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.audits.audit_evidence import SyntheticImages
from ganoscope.classifiers.trained import describe_range
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.store import Store
from ganoscope.errors import UserError, describe, refuse, write_count
from ganoscope.evaluate.generated_folder import (
    REMEDY,
    TABLES,
    find_table,
    list_files,
    read_entry,
    read_intensity,
    read_pixels,
    refuse_misfit,
    refuse_other_values,
)
from ganoscope.files import compute_sha256
from ganoscope.files.records import load_mapping, reading
from ganoscope.files.tables import read_csv

PrepareStore = Callable[[Path, PrepareConfig, Path], AbstractContextManager[Store]]
"""From a source folder, options and the file for the key to a temporary store: `ganoscope.check`."""

KEPT_OPTIONS = (
    *("fit", "spacing_mm", "resampling", "plane", "window", "scale", "low_percentile", "high_percentile"),
    "hu_offset",
)
"""Options of the real store that its synthetic counterpart is prepared with."""
HU = "HU"


def is_generated(folder: Path) -> bool:
    """Tells whether `ganoscope generate` wrote a folder."""
    return (folder / "provenance.json").exists() and any((folder / name).exists() for name in TABLES)


def read_generated_folder(folder: Path, real: Store) -> SyntheticImages:
    """Returns the images in a folder of `ganoscope generate`, read once into a temporary file.

    Args:
        folder: The folder.
        real: Store of the real images.

    Raises:
        UserError: It is damaged, or its images are of another size or intensity range.
    """
    table, provenance = find_table(folder), load_mapping(folder / "provenance.json")
    size, intensity = read_entry(provenance, "size_px", int), read_intensity(provenance)
    refuse_misfit(folder, size, intensity, real)
    rows = list(read_csv(table, ("run",)))
    if not rows:
        raise UserError(f"no generated images at {folder}: {table.name} lists none. {REMEDY}")
    with tempfile.TemporaryFile() as file, reading(table):
        for image in read_pixels(folder, rows, (len(rows), size)):
            refuse_other_values(folder, image, intensity)
            file.write(image.astype(intensity.dtype).tobytes())
        file.flush()
        pixels = np.memmap(file, intensity.dtype, "r", shape=(len(rows), size, size))
    labels = np.array([row.get("label", "") for row in rows])
    return SyntheticImages(
        names=np.array([row.get("file") or f"frame-{row.get('frame', place)}" for place, row in enumerate(rows)]),
        load=lambda positions: intensity.to_network(pixels[positions])[:, None],
        labels=labels if all(labels) else None,
        source=f"{write_count(len(rows), 'image')} that `ganoscope generate` wrote to {folder.name}",
        sha256=compute_sha256(table, *list_files(folder, rows)),
        weights_sha256=str(rows[0].get("weights_sha256", "")),
    )


def read_synthetic_store(folder: Path, real: Store) -> SyntheticImages:
    """Returns the images of a store as synthetic ones, whatever made them.

    Args:
        folder: The store.
        real: Store of the real images.

    Raises:
        UserError: It is damaged, or its images can't be compared with the real ones.
    """
    store = Store.open(folder)
    store.verify()
    return use_store(store, real, store.column("sample_id"), f"{write_count(store.count, 'image')} of store {folder}")


def read_foreign_folder(folder: Path, real: Store, opened: Store, key: Path) -> SyntheticImages:
    """Returns the images in a folder of any other program, under their files' names.

    Args:
        folder: The folder.
        real: Store of the real images.
        opened: Temporary store of its images.
        key: Key of that store.

    Raises:
        UserError: They can't be compared with the real images.
    """
    rows = list(read_csv(key, ("source", "name", "reason")))
    names = {row["source"]: row["name"] for row in rows}
    chosen = [names.get(source, source) for source in opened.column("source").tolist()]
    frames = opened.column("frame").tolist()
    several = {name for name in chosen if chosen.count(name) > 1} if len(set(chosen)) < len(chosen) else set()
    named = [f"{name}#{frame}" if name in several else name for name, frame in zip(chosen, frames, strict=True)]
    found = use_store(opened, real, np.array(named), f"{write_count(opened.count, 'image')} in folder {folder.name}")
    unreadable = {row["name"]: row["reason"] for row in rows if row["reason"]}
    return replace(found, unreadable=unreadable, notes=(*found.notes, *note_resampling(opened)))


def choose_options(real: Store) -> PrepareConfig:
    """Returns the options that images of another program are prepared with: those of the real store."""
    known: Mapping[str, Any] = {name: real.prepared[name] for name in KEPT_OPTIONS if name in real.prepared}
    return PrepareConfig(**{**known, "size": real.size, "split": "test"})


def note_resampling(store: Store) -> tuple[str, ...]:
    """Returns how many images had another size than the store, in a sentence; nothing where all had its size."""
    heights, widths = (store.column(name).astype(int) for name in ("height_px", "width_px"))
    other = int(((heights != store.size) | (widths != store.size)).sum())
    return (f"{write_count(other, 'image was', 'images were')} resampled to {store.size} px.",) if other else ()


def use_store(store: Store, real: Store, names: NDArray[np.str_], source: str) -> SyntheticImages:
    """Returns a store's images as synthetic ones.

    Args:
        store: Their store.
        real: Store of the real images.
        names: Names of the images, shape (N,).
        source: What made them, in words.

    Raises:
        UserError: Size, unit or modality differ, so that they can't be compared.
    """
    refuse_unlike(store, real)
    labels = store.column("label")
    both_hu = store.intensity.unit == real.intensity.unit == HU
    intensity = real.intensity if both_hu else store.intensity
    return SyntheticImages(
        names=names,
        load=lambda positions: intensity.to_network(store.images[positions])[:, None],
        labels=labels if all(labels) else None,
        source=source,
        sha256=store.fingerprint,
        notes=note_range(store, real),
    )


def note_range(store: Store, real: Store) -> tuple[str, ...]:
    """Returns how unlike ranges were brought together, in a sentence; nothing where they are the same."""
    if store.intensity == real.intensity:
        return ()
    return (
        f"Synthetic images have the range {describe_range(store.intensity)}, real ones "
        f"{describe_range(real.intensity)}: black was matched with black and white with white.",
    )


def refuse_unlike(store: Store, real: Store) -> None:
    """Refuses synthetic images of another size, unit or modality, with all faults in one message.

    Args:
        store: Store of the synthetic images.
        real: Store of the real images.

    Raises:
        UserError: They can't be compared.
    """
    faults, remedy = [], "Prepare both from files of one kind."
    if store.size != real.size:
        faults.append(
            describe("synthetic images have another size (px)", store.size, str(real.size), "Prepare them anew.")
        )
    if (store.intensity.unit == HU) != (real.intensity.unit == HU):
        fault = "synthetic images have another unit than the real ones"
        faults.append(describe(fault, store.intensity.unit, real.intensity.unit, remedy))
    if store.modality and real.modality and store.modality != real.modality:
        fault = "synthetic images have another modality than the real ones"
        faults.append(describe(fault, store.modality, real.modality, remedy))
    refuse(faults)
