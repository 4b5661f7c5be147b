"""The store, which every later step reads: pixels, a CSV manifest, a fingerprint; written atomically.

A store is a folder with `store.json` (schema, intensity map, fingerprint), `manifest.csv` (a row per image),
`images.npy` (N, H, W), `quarantine.csv` (rejected files with the reason), `duplicates.csv` (pairs of identical or
nearly identical pictures), `series.csv` (volumes that were cut into slices), `alarms.json`, and, of shape (N, H, W),
`masks.npy` if findings are annotated and `anatomy.npy` if anatomy is outlined. No file in it names a person or a source
file.

"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from tokenize import TokenError
from typing import Annotated, Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.store.intensity import IntensityMap
from ganoscope.data.store.pixel_file import PixelFile
from ganoscope.data.store.sample import DEFAULTS, MANIFEST, Sample, make_column, read_manifest
from ganoscope.data.store.watch import StoreWatch
from ganoscope.errors import Range, UserError
from ganoscope.files import compute_sha256, save_json
from ganoscope.files.records import load_record, read_records
from ganoscope.files.tables import show_cell

SCHEMA_VERSION = 2
BUFFER_BYTES = 1 << 20
UNMAPPABLE = (OSError, ValueError, EOFError, SyntaxError, TypeError, KeyError, OverflowError, MemoryError, TokenError)
"""What NumPy raises on a damaged .npy file."""
LARGEST_PX = 1 << 15
"""Largest side of an image in a store."""
HEADER_BYTES = 128
"""Length of the .npy header written by `write_header`."""
PIXELS, FINDINGS, ANATOMY = "images.npy", "masks.npy", "anatomy.npy"
"""Mask files: annotated findings, such as lesions, and outlined anatomy, such as lung fields, which is no finding."""


@dataclass(frozen=True)
class Description:
    """The content of `store.json`; its fields are those of `Store`."""

    name: str
    size: Annotated[int, Range(1, LARGEST_PX)]
    count: Annotated[int, Range(1)]
    intensity: IntensityMap
    modality: str
    fingerprint: str
    prepared: dict[str, Any]


@dataclass(frozen=True)
class Store:
    """An opened store. Only the description is in memory; pixels and rows are read on demand.

    Attributes:
        path: Folder of the store.
        name: Name of the data set in reports.
        size: Height and width of the images in pixels.
        count: Number of images.
        intensity: Map between stored units and network range.
        modality: DICOM code of all images, `mixed`, or "" if unknown.
        fingerprint: SHA-256 of manifest and pixels, recorded when the store was written.
        prepared: Configuration that the store was prepared with.
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
    def open(cls, path: Path | str) -> Self:
        """Returns the store in a folder.

        Raises:
            UserError: The folder holds no store, a store of another version, or a damaged one.
        """
        path = Path(path)
        if not (path / "store.json").exists():
            raise UserError(
                f"no store at {path}: store.json is missing. Create one with `ganoscope prepare SOURCE {path}` or "
                f"`ganoscope phantom {path}`."
            )
        store = cls(path=path, **vars(load_record(path / "store.json", Description, SCHEMA_VERSION)))
        store.refuse_damage()
        _ = (store.watch, store._files)  # what is open is what is watched
        return store

    def refuse_damage(self) -> None:
        """Refuses a store whose pixel files are missing or do not fit its description, to the byte.

        Raises:
            UserError: A pixel file is damaged or has another shape, data type or size.
        """
        for name in (PIXELS, FINDINGS, ANATOMY):
            if name == PIXELS or (self.path / name).exists():
                self._refuse_misfit(self.path / name, np.dtype(self.intensity.dtype if name == PIXELS else bool))

    def _refuse_misfit(self, path: Path, dtype: np.dtype[np.generic]) -> None:
        wanted = (self.count, self.size, self.size)
        try:
            found = np.load(path, mmap_mode="r")
            length = path.stat().st_size - found.offset
        except (*UNMAPPABLE, AttributeError) as error:
            raise UserError(f"{path} is damaged: {error}. Prepare the store again.") from None
        given, allowed = f"shape {found.shape} of {found.dtype}", f"{wanted} of {dtype}"
        if (found.shape, found.dtype) == (wanted, dtype):
            given, allowed = f"{length:,} bytes of pixels", f"{found.nbytes:,} bytes of pixels"
        if given != allowed:
            raise UserError(f"{path} does not fit its store: got {given}; allowed: {allowed}. Prepare the store again.")

    @cached_property
    def watch(self) -> StoreWatch:
        """The state of the files when the store was opened."""
        return StoreWatch(self.path, (PIXELS, FINDINGS, ANATOMY, MANIFEST, "store.json"))

    @property
    def images(self) -> PixelFile:
        """Stored pixels, shape (N, H, W), read where they are indexed; looks first whether the files are unchanged."""
        return self._look(PIXELS)

    @property
    def masks(self) -> PixelFile | None:
        """Masks of annotated findings, bool, shape (N, H, W), read where they are indexed; None if there are none."""
        return self._look(FINDINGS) if FINDINGS in self._files else None

    @property
    def anatomy(self) -> PixelFile | None:
        """Masks of anatomy, such as lung fields, bool, shape (N, H, W); None if the store has none."""
        return self._look(ANATOMY) if ANATOMY in self._files else None

    @cached_property
    def _files(self) -> dict[str, PixelFile]:
        """Pixel files by name."""
        names = (name for name in (PIXELS, FINDINGS, ANATOMY) if (self.path / name).exists())
        return {name: PixelFile.open(self.path / name) for name in names}

    def _look(self, name: str) -> PixelFile:
        self.watch.refuse_touched(self.verify)
        return self._files[name]

    def refuse_change(self, whole: bool = False) -> None:
        """Refuses a store that has changed since it was opened, see `StoreWatch.refuse_change`.

        Args:
            whole: Whether to read it as a whole where it is small enough.

        Raises:
            UserError: It has changed.
        """
        self.watch.refuse_change(self.verify, whole)

    def samples(self) -> Iterator[Sample]:
        """Yields the rows of the manifest, in the order of the pixels."""
        next(read_manifest(self.path))
        yield from read_records(self.path / MANIFEST, Sample)

    def column(self, name: str) -> NDArray[np.str_]:
        """Returns one column of the manifest, shape (N,); its default in a store that was written before it existed."""
        rows = read_manifest(self.path)
        names = next(rows)
        if name not in names:
            return np.full(self.count, show_cell(DEFAULTS[name]))
        return make_column(name, [row[names.index(name)] for row in rows])

    def indices(self, *splits: str) -> NDArray[np.int64]:
        """Returns the indices of the images in the given splits, shape (B,), in ascending order."""
        return np.flatnonzero(np.isin(self.column("split"), splits))

    def load_images(self, indices: NDArray[np.int64]) -> NDArray[np.float32]:
        """Returns the images at the given indices, shape (B,), in network range [-1, 1], shape (B, 1, H, W)."""
        return self.intensity.to_network(self.images[indices])[:, None]

    def verify(self) -> None:
        """Reads the whole store and compares it with its fingerprint.

        Raises:
            UserError: Manifest or pixels have changed since the store was written.
        """
        if compute_fingerprint(self.path, self.intensity, compute_pixel_digest(self.path)) != self.fingerprint:
            raise UserError(
                f"store {self.path} was changed after it was written: its fingerprint differs from store.json. "
                "Prepare it again from the source; runs trained on the old store still need it."
            )


class StoreWriter:
    """Appends images one by one, in constant memory. The folder counts as a store only after `finish`."""

    def __init__(self, path: Path, size: int, dtype: str, count: int = 0) -> None:
        """Starts new pixel files, or continues unfinished ones after their first `count` images."""
        self.path = path
        self.size = size
        self.count = count
        self._dtype = np.dtype(dtype)
        self._digest = ""
        self._images = self._open("images.npy", self._dtype)
        begun = [name for name in (FINDINGS, ANATOMY) if count and (path / name).exists()]
        self._masks = {name: self._open(name, np.dtype(bool)) for name in begun}

    def _open(self, name: str, dtype: np.dtype[np.generic]) -> BinaryIO:
        """Returns a pixel file truncated after `count` images; what an earlier process wrote beyond is cut off."""
        path = self.path / name
        file = path.open("r+b" if path.exists() and self.count else "w+b", buffering=BUFFER_BYTES)
        write_header(file, (0, self.size, self.size), dtype)
        end = file.tell() + self.count * self.size**2 * dtype.itemsize
        file.truncate(end)  # extending fills with zeros: images before the first mask have none
        file.seek(end)
        return file

    def append(
        self,
        pixels: NDArray[np.generic],
        mask: NDArray[np.bool_] | None = None,
        anatomy: NDArray[np.bool_] | None = None,
    ) -> None:
        """Appends one image, shape (size, size), and its masks; a missing one is empty if other images have one.

        Args:
            pixels: The image, in stored units.
            mask: Annotated findings.
            anatomy: Outlined anatomy.

        Raises:
            ValueError: Image or mask has another shape.
        """
        masks = {FINDINGS: mask, ANATOMY: anatomy}
        for array in (pixels, *masks.values()):
            if array is not None and array.shape != (self.size, self.size):
                raise ValueError(f"expected shape {(self.size, self.size)}, got {array.shape}")
        self._images.write(np.ascontiguousarray(pixels, self._dtype).data)
        for name, array in masks.items():
            if array is not None and name not in self._masks:
                self._masks[name] = self._open(name, np.dtype(bool))
            if name in self._masks:
                self._masks[name].write(array.tobytes() if array is not None else bytes(self.size**2))
        self.count += 1

    def flush(self) -> None:
        """Flushes all appended images to disk."""
        for file in (self._images, *self._masks.values()):
            file.flush()
            os.fsync(file.fileno())

    def read(self) -> PixelFile:
        """Returns the images appended so far, shape (count, size, size)."""
        self._images.flush()
        return PixelFile(self.path / PIXELS, self._dtype, HEADER_BYTES, (self.count, self.size, self.size))

    def close(self) -> None:
        """Completes the pixel files and reads them once for the fingerprint; `finish` calls it if necessary."""
        masks = [(file, np.dtype(bool)) for file in self._masks.values()]
        for file, dtype in ((self._images, self._dtype), *masks):
            file.seek(0)
            write_header(file, (self.count, self.size, self.size), dtype)
            file.close()
        self._digest = compute_pixel_digest(self.path)

    def finish(
        self, name: str, intensity: IntensityMap, modality: str = "", prepared: Mapping[str, object] | None = None
    ) -> None:
        """Writes `store.json` last; `manifest.csv` must be complete.

        Args:
            name: Name of the data set in reports.
            intensity: Map between stored units and network range.
            modality: DICOM code of all images, `mixed`, or "".
            prepared: Configuration that the store was prepared with.
        """
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
    """Writes a .npy header; NumPy reserves space for a larger first axis.

    Args:
        file: File positioned at its start.
        shape: Shape of the array.
        dtype: Data type of the array.
    """
    description = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, description)


def compute_pixel_digest(path: Path) -> str:
    """Returns the SHA-256 of a store's pixels and masks."""
    return compute_sha256(*(path / name for name in ("images.npy", FINDINGS, ANATOMY) if (path / name).exists()))


def compute_fingerprint(path: Path, intensity: IntensityMap, pixel_digest: str) -> str:
    """Returns the SHA-256 that identifies the content of a store: manifest, pixels and intensity map.

    Pseudonyms count by the order of their first appearance, so the same source prepared again with another secret salt
    has the same fingerprint.

    Args:
        path: Folder of the store.
        intensity: Map between stored units and network range.
        pixel_digest: Digest from `compute_pixel_digest`.
    """
    digest = hashlib.sha256()
    numbers: dict[str, int] = {"": 0}
    rows = read_manifest(path)
    patient = next(rows).index("patient")
    for row in rows:
        row[patient] = str(numbers.setdefault(row[patient], len(numbers)))
        digest.update("\0".join([*row, ""]).encode())
    digest.update(pixel_digest.encode())
    digest.update(f"{intensity.low!r} {intensity.high!r} {intensity.unit} {intensity.dtype}".encode())
    return digest.hexdigest()
