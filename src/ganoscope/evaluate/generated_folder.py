"""Generated images read back: from a folder that `ganoscope generate` wrote, or from a store of any generator's."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganoscope.classifiers.trained import describe_range
from ganoscope.data.arrays import load_arrays
from ganoscope.data.store import Store
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.data.writers import nifti, npz
from ganoscope.errors import UserError, describe, refuse
from ganoscope.evaluate.comparison import GeneratedImages
from ganoscope.files import compute_sha256
from ganoscope.files.records import load_mapping, reading
from ganoscope.files.tables import read_csv
from ganoscope.training.run_folder.record import RunRecord

TABLES = ("manifest.csv", "frames.csv")
"""Tables with a row per image: of files with one image each, and of files with many."""
NEEDED = ("run",)
"""Columns that every such table has."""
REMEDY = "Make them with `ganoscope generate`, or prepare a store from them with `ganoscope prepare` and name that."


@dataclass(frozen=True)
class GeneratedFolder:
    """A folder of generated images.

    Attributes:
        name: Name of the folder, or of the store.
        sha256: SHA-256 of its table and of the images that were read, or fingerprint of the store.
        total: Number of images in it.
        source: What made them, in words.
        images: Those that were read, at most as many as asked for.
        screening: What `generate` screened out, as `provenance.json` describes it; empty where nothing was screened.
    """

    name: str
    sha256: str
    total: int
    source: str
    images: GeneratedImages
    screening: dict[str, Any] = field(default_factory=dict)


def read_generated(folder: Path, record: RunRecord, number: int) -> GeneratedFolder:
    """Returns the generated images in a folder, the first `number` of them.

    Args:
        folder: Folder written by `ganoscope generate`, or a store.
        record: Record of the run that they are compared with the real images of.
        number: Most images to read, 1 or more.

    Raises:
        UserError: The folder holds no generated images, they are of another size or intensity range, or it is damaged.
    """
    if (folder / "store.json").exists():
        return read_store(folder, record, number)
    table = find_table(folder)
    provenance = load_mapping(folder / "provenance.json")
    size, intensity = read_entry(provenance, "size_px", int), read_intensity(provenance)
    refuse_misfit(folder, size, intensity, record)
    rows = list(read_csv(table, NEEDED))
    chosen = rows[:number]
    if not chosen:
        raise UserError(f"no generated images at {folder}: {table.name} lists none. {REMEDY}")
    with reading(table):
        pixels = np.stack(list(read_pixels(folder, chosen, (len(rows), size))))
    refuse_other_values(folder, pixels, intensity)
    labels = np.array([row.get("label", "") for row in chosen])
    return GeneratedFolder(
        name=folder.name,
        sha256=compute_sha256(table, *list_files(folder, chosen)),
        total=len(rows),
        source=f"run {', '.join(sorted({row['run'] for row in rows}))}",
        images=GeneratedImages(record.intensity.to_network(pixels)[:, None], labels if all(labels) else None),
        screening=read_entry(provenance, "screening", dict, {}),
    )


def find_table(folder: Path) -> Path:
    """Returns the table of the images in a folder.

    Raises:
        UserError: There is none.
    """
    found = next((folder / name for name in TABLES if (folder / name).exists()), None)
    if found is None:
        raise UserError(f"no generated images at {folder}: {' or '.join(TABLES)} is missing. {REMEDY}")
    return found


def read_store(folder: Path, record: RunRecord, number: int) -> GeneratedFolder:
    """Returns the images of a store as generated ones, whatever made them.

    Args:
        folder: The store.
        record: Record of the run that they are compared with the real images of.
        number: Most images to read.

    Raises:
        UserError: The store is damaged, or its images are of another size or intensity range.
    """
    store = Store.open(folder)
    refuse_misfit(folder, store.size, store.intensity, record)
    indices = np.arange(min(number, store.count))
    labels = store.column("label")[indices]
    images = GeneratedImages(store.load_images(indices), labels if all(labels) else None)
    return GeneratedFolder(folder.name, store.fingerprint, store.count, f"store {store.name}", images)


def list_files(folder: Path, rows: list[dict[str, str]]) -> list[Path]:
    """Returns the files that hold the images in some rows of a folder's table."""
    if "file" in rows[0]:
        return [folder / Path(row["file"]).name for row in rows if (folder / Path(row["file"]).name).exists()]
    return [folder / name for name in (npz.NAME, nifti.NAME) if (folder / name).exists()]


def read_pixels(folder: Path, rows: list[dict[str, str]], extent: tuple[int, int]) -> Iterator[NDArray[np.generic]]:
    """Yields the images in stored units, shape (H, W) each.

    Args:
        folder: Folder written by `ganoscope generate`.
        rows: Rows of its table to read, the first ones.
        extent: Number of all rows, and the side of an image in pixels.

    Raises:
        UserError: A file is missing or damaged, or holds another number or size of images.
    """
    total, size = extent
    if "file" in rows[0]:
        for row in rows:
            yield read_png(folder / Path(row["file"]).name, size, int(row.get("offset") or 0))
    elif (folder / npz.NAME).exists():
        shapes = {"train_images": f"number {total} {size} {size}"}
        yield from load_arrays(folder / npz.NAME, REMEDY, shapes)["train_images"][: len(rows)]
    elif (folder / nifti.NAME).exists():
        yield from read_nifti(folder / nifti.NAME, (size, size, total))[..., : len(rows)].T
    else:
        raise UserError(f"images at {folder} are in a format that is not read back. {REMEDY}")


@contextmanager
def refusing_damage(path: Path) -> Iterator[None]:
    """Names a picture that can't be read: on damaged bytes, Pillow and nibabel raise anything.

    Raises:
        UserError: It can't be read.
    """
    try:
        yield
    except Exception as error:
        raise UserError(f"{path} is missing or damaged: {error}. {REMEDY}") from None


def read_png(path: Path, size: int, offset: int) -> NDArray[np.int64]:
    """Returns a picture in stored units, shape (H, W).

    Args:
        path: The file.
        size: Its side in pixels.
        offset: What was added to hold negative values.

    Raises:
        UserError: The file is missing or damaged, or of another size.
    """
    with refusing_damage(path), Image.open(path) as image:
        refuse_shape(image.size, (size, size))
        return np.asarray(image).astype(np.int64) - offset


def read_nifti(path: Path, shape: tuple[int, int, int]) -> NDArray[np.generic]:
    """Returns a stack in stored units, shape (W, H, N).

    Args:
        path: The file.
        shape: Shape that it must have.

    Raises:
        UserError: The file is missing or damaged, or of another shape.
    """
    import nibabel  # late, as all of nibabel: importing it takes a second

    with refusing_damage(path):
        volume: Any = nibabel.load(path)
        refuse_shape(volume.shape, shape)
        return np.asarray(volume.dataobj)


def refuse_shape(shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    """Refuses a file of another shape before its pixels are read.

    Raises:
        ValueError: It has another shape.
    """
    if tuple(shape) != expected:
        raise ValueError(f"it has the shape {shape}, not {expected}")


def refuse_other_values(folder: Path, pixels: NDArray[np.generic], intensity: IntensityMap) -> None:
    """Refuses pixels that are no whole numbers in the range that the folder states.

    Args:
        folder: The folder.
        pixels: Its images in stored units, shape (N, H, W).
        intensity: The map of intensities that it states.

    Raises:
        UserError: They are others.
    """
    if pixels.dtype.kind not in "iu":
        raise UserError(f"images at {folder} are damaged: they hold {pixels.dtype}, not whole numbers. {REMEDY}")
    low, high = pixels.min(), pixels.max()
    if low < intensity.low or high > intensity.high:
        raise UserError(
            f"images at {folder} are damaged: values from {low} to {high}, where provenance.json states "
            f"{intensity.low:g} to {intensity.high:g}. {REMEDY}"
        )


def read_entry(content: Any, name: str, kind: type, otherwise: Any = None) -> Any:
    """Returns an entry of `provenance.json`.

    Args:
        content: Content of the file.
        name: Name of the entry.
        kind: Type that it must have.
        otherwise: What to return where there is no such entry; None where it must be there.

    Raises:
        UserError: The entry is missing, or of another type.
    """
    value = content.get(name, otherwise) if isinstance(content, dict) else None
    if not isinstance(value, kind):
        raise UserError(f"provenance.json is damaged: {name} is missing or not as `ganoscope generate` writes it.")
    return value


def read_intensity(provenance: Any) -> IntensityMap:
    """Returns the map of intensities that the images were written with.

    Raises:
        UserError: It is missing or damaged.
    """
    try:
        return IntensityMap(**read_entry(provenance, "intensity", dict))
    except TypeError as error:
        raise UserError(f"provenance.json is damaged: {error}.") from None


def refuse_misfit(folder: Path, size: int, intensity: IntensityMap, record: RunRecord | Store) -> None:
    """Refuses images of another size or intensity range than the real ones; all differences in one message.

    Args:
        folder: Where the images are.
        size: Their side in pixels.
        intensity: Their map of intensities.
        record: Record of the run, or the store, that they are compared with the real images of.

    Raises:
        UserError: They differ.
    """
    faults = []
    if size != record.size:
        fault = f"generated images at {folder} are of another size than the real ones (px)"
        faults.append(describe(fault, size, str(record.size), "Only equal sizes can be compared."))
    if intensity != record.intensity:
        fault = f"generated images at {folder} have another intensity range than the real ones"
        given, allowed = describe_range(intensity), describe_range(record.intensity)
        faults.append(describe(fault, given, allowed, "Only equal ranges can be compared."))
    refuse(faults)
