"""The store: what every later step reads. Memory-mapped pixels, a CSV manifest, a fingerprint; written atomically.

A store is a folder with `store.json` (schema, intensity map, fingerprint), `manifest.csv` (a row per image),
`images.npy` (N, H, W), `quarantine.csv` (every file not taken, with the reason), `duplicates.csv` (pairs of the same or
nearly the same picture), `series.csv` (volumes that were cut into slices), `alarms.json`, and `masks.npy` (N, H, W)
where lesion masks exist. No file in it names a person or a source file.
"""

import csv
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.store.intensity import IntensityMap
from ganoscope.errors import UserError
from ganoscope.files import compute_sha256, load_json, read_csv, save_json

SCHEMA_VERSION = 2
BUFFER_BYTES = 1 << 20
HEADER_BYTES = 128
"""Length of a .npy header as `write_header` makes it."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One row of the manifest: everything known about one image but its pixels. Nothing in it names a person.

    Attributes:
        sample_id: Stable id from the source file's content.
        label: Class, or "".
        patient: Pseudonym, or "" where the patient is unknown.
        group: What no split or fold may cut: a patient, or a cluster of near-duplicates, or both joined.
        split: `train`, `validation` or `test`.
        source: Number of the source file; its name is in the key file, outside the store.
        source_split: The split in which the source had the file, or "".
        source_sha256: SHA-256 of the source file.
        height_px: Height of the source picture.
        width_px: Width of the source picture.
        spacing_mm: Pixel spacing in the store, "row x column", or "".
        coloured: 1 where true colour was reduced to grey.
        frame: Number of the picture in its file or series.
        folder: Number of the source folder, apart from class and split folders.
        modality: DICOM's code, or "".
        view: Radiographic view or plane of a slice, or "".
        series: Number of the series or volume, or "".
        position_mm: Of a slice along its normal, or "".
        thickness_mm: Of a slice, or "".
        searched: 1 where burnt-in text and markers were looked for; large sets are sampled.
        markers: Those that were seen, in store pixels, "x y width height; ...".
        placement: Where the source's pixels lie in the store: "top left height width > top left height width", the
            rectangle taken and the rectangle filled.
        boxes: Annotated findings in store pixels, "x y width height; ...".
        annotated: 1 where the source has a mask for this image.
        raw_low: Source value at the store's lowest, where every image or series has a scale of its own, or "".
        raw_high: Source value at the store's highest, or "".
    """

    sample_id: str
    label: str
    patient: str
    group: str
    split: str
    source: str
    source_split: str
    source_sha256: str
    height_px: int
    width_px: int
    spacing_mm: str = ""
    coloured: int = 0
    frame: int = 0
    folder: str = ""
    modality: str = ""
    view: str = ""
    series: str = ""
    position_mm: str = ""
    thickness_mm: str = ""
    searched: int = 0
    markers: str = ""
    placement: str = ""
    boxes: str = ""
    annotated: int = 0
    raw_low: str = ""
    raw_high: str = ""


COLUMNS = tuple(field.name for field in fields(Sample))
INTEGER_COLUMNS = tuple(field.name for field in fields(Sample) if field.type is int)
QUARANTINE_COLUMNS = ("source", "reason")


@dataclass(frozen=True)
class Store:
    """An opened store. Only the description is in memory; pixels and rows are read when asked for.

    Attributes:
        path: Its folder.
        name: What the data set is called in reports.
        size: Side of the square images in pixels.
        count: Number of images.
        intensity: Map between stored units and network range.
        modality: DICOM's code of all images, `mixed`, or "" where it is unknown.
        fingerprint: SHA-256 over manifest and pixels, as stated when it was written.
        prepared: The configuration that it was made with.
    """

    path: Path
    name: str
    size: int
    count: int
    intensity: IntensityMap
    modality: str
    fingerprint: str
    prepared: dict[str, Any]

    @classmethod
    def open(cls, path: Path) -> Self:
        """Returns the store in a folder.

        Raises:
            UserError: The folder holds no store, one of a newer version, or a damaged one.
        """
        if not (path / "store.json").exists():
            raise UserError(
                f"no store at {path}: store.json is missing. Make one with `ganoscope prepare SOURCE {path}` or "
                f"`ganoscope phantom {path}`."
            )
        info = load_json(path / "store.json")
        try:
            if info.pop("schema_version") != SCHEMA_VERSION:
                raise UserError(f"store {path} was written by another version of ganoscope; prepare it again.")
            store = cls(path=path, **{**info, "intensity": IntensityMap(**info["intensity"])})
        except (KeyError, TypeError, AttributeError):
            raise UserError(f"{path / 'store.json'} is damaged: keys are missing. Prepare the store again.") from None
        store.refuse_damage()
        return store

    def refuse_damage(self) -> None:
        """Refuses a store whose pixel file is missing or of another shape than its description says."""
        try:
            shape = self.images.shape
        except (OSError, ValueError, EOFError) as error:
            raise UserError(f"{self.path / 'images.npy'} is damaged: {error}. Prepare the store again.") from None
        if shape != (self.count, self.size, self.size):
            raise UserError(
                f"{self.path / 'images.npy'} does not fit its store: got shape {shape}; allowed: "
                f"{(self.count, self.size, self.size)}. Prepare the store again."
            )

    @cached_property
    def images(self) -> NDArray[np.generic]:
        """Stored pixels, shape (N, H, W), memory-mapped and read-only."""
        return np.load(self.path / "images.npy", mmap_mode="r")

    @cached_property
    def masks(self) -> NDArray[np.bool_] | None:
        """Lesion masks, shape (N, H, W), memory-mapped; None where the store has none."""
        path = self.path / "masks.npy"
        return np.load(path, mmap_mode="r") if path.exists() else None

    def samples(self) -> Iterator[Sample]:
        """Yields the manifest's rows, in the order of the pixels."""
        with (self.path / "manifest.csv").open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                numbers = {name: int(row.pop(name)) for name in INTEGER_COLUMNS}
                yield Sample(**row, **numbers)  # type: ignore[arg-type]

    def column(self, name: str) -> NDArray[np.str_]:
        """Returns one column of the manifest, shape (N,)."""
        with (self.path / "manifest.csv").open(newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            index = next(rows).index(name)
            return np.array([row[index] for row in rows], dtype=np.str_)

    def indices(self, *splits: str) -> NDArray[np.int64]:
        """Returns the positions of the images of some splits, in order."""
        return np.flatnonzero(np.isin(self.column("split"), splits))

    def load_images(self, indices: NDArray[np.int64]) -> NDArray[np.float32]:
        """Returns images in network range [-1, 1], shape (B, 1, H, W), at the given positions."""
        return self.intensity.to_network(np.asarray(self.images[indices]))[:, None]

    def verify(self) -> None:
        """Reads the whole store and compares it with its fingerprint.

        Raises:
            UserError: Manifest or pixels were changed after the store was written.
        """
        if compute_fingerprint(self.path, self.intensity, compute_pixel_digest(self.path)) != self.fingerprint:
            raise UserError(
                f"store {self.path} was changed after it was written: its fingerprint differs from store.json. "
                "Prepare it again from the source; runs made on the old one stay with the old one."
            )


class StoreWriter:
    """Appends images one by one, in constant memory. The folder counts as a store only after `finish`."""

    def __init__(self, path: Path, size: int, dtype: str, count: int = 0) -> None:
        """Starts the pixel files, or goes on after the first `count` images of unfinished ones."""
        self.path = path
        self.size = size
        self.count = count
        self._dtype = np.dtype(dtype)
        self._digest = ""
        self._images = self._open("images.npy", self._dtype)
        masked = count and (path / "masks.npy").exists()
        self._masks = self._open("masks.npy", np.dtype(bool)) if masked else None

    def _open(self, name: str, dtype: np.dtype[np.generic]) -> BinaryIO:
        """Returns a pixel file that ends after `count` images; what an earlier process wrote beyond is cut off."""
        path = self.path / name
        file = path.open("r+b" if path.exists() and self.count else "w+b", buffering=BUFFER_BYTES)
        write_header(file, (0, self.size, self.size), dtype)
        end = file.tell() + self.count * self.size**2 * dtype.itemsize
        file.truncate(end)  # longer than it was, it is filled with zeros: images before the first mask have none
        file.seek(end)
        return file

    def append(self, pixels: NDArray[np.generic], mask: NDArray[np.bool_] | None = None) -> None:
        """Writes one image of shape (size, size) and its mask; without one it gets an empty mask where others have one.

        Raises:
            ValueError: Pixels or mask have another shape.
        """
        for array in (pixels, mask):
            if array is not None and array.shape != (self.size, self.size):
                raise ValueError(f"expected shape {(self.size, self.size)}, got {array.shape}")
        self._images.write(np.ascontiguousarray(pixels, self._dtype).data)
        if mask is not None and self._masks is None:
            self._masks = self._open("masks.npy", np.dtype(bool))
        if self._masks is not None:
            self._masks.write(mask.tobytes() if mask is not None else bytes(self.size**2))
        self.count += 1

    def flush(self) -> None:
        """Waits until all that was appended is on disk."""
        for file in (self._images, self._masks):
            if file:
                file.flush()
                os.fsync(file.fileno())

    def read(self) -> NDArray[np.generic]:
        """Returns the images so far, shape (count, size, size), memory-mapped."""
        self._images.flush()
        shape = (self.count, self.size, self.size)
        return np.memmap(self.path / "images.npy", self._dtype, "r", HEADER_BYTES, shape)

    def close(self) -> None:
        """Completes the pixel files and reads them once for the fingerprint: `finish` does it, unless it is done."""
        for file, dtype in ((self._images, self._dtype), (self._masks, np.dtype(bool))):
            if file:
                file.seek(0)
                write_header(file, (self.count, self.size, self.size), dtype)
                file.close()
        self._digest = compute_pixel_digest(self.path)

    def finish(
        self, name: str, intensity: IntensityMap, modality: str = "", prepared: Mapping[str, object] | None = None
    ) -> None:
        """Writes `store.json` last; `manifest.csv` must be complete by now."""
        if not self._digest:
            self.close()
        info = {
            "schema_version": SCHEMA_VERSION,
            "name": name,
            "size": self.size,
            "count": self.count,
            "intensity": asdict(intensity),
            "modality": modality,
            "fingerprint": compute_fingerprint(self.path, intensity, self._digest),
            "prepared": dict(prepared or {}),
        }
        save_json(self.path / "store.json", info)


def write_header(file: BinaryIO, shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> None:
    """Writes a .npy header; numpy reserves room in it so that a larger first axis fits later."""
    description = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, description)


def compute_pixel_digest(path: Path) -> str:
    """Returns the SHA-256 of a store's pixels and masks."""
    return compute_sha256(*(path / name for name in ("images.npy", "masks.npy") if (path / name).exists()))


def compute_fingerprint(path: Path, intensity: IntensityMap, pixel_digest: str) -> str:
    """Returns the SHA-256 that names a store's content: its manifest, its pixels and its intensity map.

    Pseudonyms count by the order in which they first appear: the same source prepared again, with another secret salt,
    has the same fingerprint.
    """
    digest = hashlib.sha256()
    numbers: dict[str, int] = {"": 0}
    for row in read_csv(path / "manifest.csv"):
        row["patient"] = str(numbers.setdefault(row["patient"], len(numbers)))
        digest.update("\0".join([*row.values(), ""]).encode())
    digest.update(pixel_digest.encode())
    digest.update(f"{intensity.low!r} {intensity.high!r} {intensity.unit} {intensity.dtype}".encode())
    return digest.hexdigest()
