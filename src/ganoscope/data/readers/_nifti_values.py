"""The values of a NIfTI file: held in memory where they fit, else read again and again, some slices at a time."""

import gzip
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.picture import ReadOptions, UnreadableError

GZIP = b"\x1f\x8b"
BLOCK_BYTES = 1 << 24
HELD_SHARE = 0.625
"""Part of the memory given to a file up to which a whole volume is held."""


@dataclass(frozen=True)
class Layout:
    """Layout of the values stated by the header, checked for consistency.

    Attributes:
        shape: Shape of the volume, three numbers.
        dtype: Data type in the file.
        offset: Offset of the values in the file in bytes.
        scale: Slope and intercept.
        affine: Map from voxel indices to mm in RAS, shape (4, 4).
        oriented: Whether the file states an orientation.
        synthetic: Whether the file declares that it was generated.
    """

    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    offset: int
    scale: tuple[float, float]
    affine: NDArray[np.float64]
    oriented: bool
    synthetic: bool

    @property
    def size(self) -> int:
        """Bytes of the values in the file."""
        return math.prod(self.shape) * self.dtype.itemsize


@dataclass(frozen=True)
class Volume:
    """The stored values of a file, shape (I, J, K), in memory or read again and again.

    Attributes:
        path: File.
        layout: Layout of the values.
        most: Bytes that may be held.
        values: All values, if they are held.
    """

    path: Path
    layout: Layout
    most: int
    values: NDArray[Any] | None = None

    def iterate_planes(self) -> Iterator[NDArray[Any]]:
        """Yields the values along the third axis, shape (I, J) each, in the order of the file."""
        if self.values is not None:
            yield from (self.values[..., k] for k in range(self.layout.shape[2]))
            return
        length, rest = math.prod(self.layout.shape[:2]), np.empty(0, get_held_type(self.layout))
        with open_stream(self.path) as stream:
            skip(stream, self.layout.offset)
            for block in read_blocks(stream, self.layout):
                rest = np.concatenate([rest, block])
                whole = len(rest) // length
                yield from rest[: whole * length].reshape((*self.layout.shape[:2], whole), order="F").transpose(2, 0, 1)
                rest = rest[whole * length :]

    def iterate_slices(self, axis: int, indices: list[int]) -> Iterator[NDArray[Any]]:
        """Yields slices along any axis, shape (H, W) each, in any order; as many of them at a time as may be held.

        Args:
            axis: Stored axis.
            indices: Index of each slice along it.
        """
        if self.values is not None:
            yield from (np.moveaxis(self.values, axis, 0)[index] for index in indices)
            return
        shape = [length for number, length in enumerate(self.layout.shape) if number != axis]
        held = get_held_type(self.layout)
        together = max(1, self.most // 2 // (math.prod(shape) * held.itemsize))
        for start in range(0, len(indices), together):
            wanted = indices[start : start + together]
            slices = np.empty((len(wanted), *shape), held)
            for k, plane in enumerate(self.iterate_planes()):
                if axis < 2:
                    slices[..., k] = np.moveaxis(plane.take(wanted, axis), axis, 0)
                elif k in wanted:
                    slices[wanted.index(k)] = plane
            yield from slices


def open_stream(path: Path) -> BinaryIO:
    """Returns the content of a file as a stream, decompressed if it is compressed, whatever the name says."""
    return cast(BinaryIO, gzip.open(path) if is_packed(path) else path.open("rb"))


def is_packed(path: Path) -> bool:
    """Tells whether the content is compressed by gzip."""
    with path.open("rb") as file:
        return file.read(2) == GZIP


def open_volume(path: Path, stream: BinaryIO, layout: Layout, options: ReadOptions) -> Volume:
    """Returns the stored values: in memory if they take at most `HELD_SHARE` of the limit, else read piece by piece.

    Args:
        path: File.
        stream: Its content, read up to the end of the header.
        layout: Layout of the values.
        options: Reading options, which hold the limit.

    Raises:
        UnreadableError: There are fewer or more values than the header states.
    """
    most = int(HELD_SHARE * options.max_file_gib * 2**30)
    if not is_packed(path) and layout.size <= most:
        return Volume(path, layout, most, np.memmap(path, layout.dtype, "r", layout.offset, layout.shape, "F"))
    skip(stream, layout.offset - stream.tell())
    narrow = get_held_type(layout)
    if math.prod(layout.shape) * narrow.itemsize > most:
        return Volume(path, layout, most)
    values = np.empty(math.prod(layout.shape), narrow)
    done = 0
    for block in read_blocks(stream, layout):
        values[done : done + len(block)] = block
        done += len(block)
    return Volume(path, layout, most, values.reshape(layout.shape, order="F"))


def get_held_type(layout: Layout) -> np.dtype[Any]:
    """Returns the data type in memory: 64-bit floats become 32-bit ones."""
    return np.dtype(np.float32) if layout.dtype.kind == "f" and layout.dtype.itemsize == 8 else layout.dtype


def read_blocks(stream: BinaryIO, layout: Layout) -> Iterator[NDArray[Any]]:
    """Yields all values in the order of the file, in blocks of shape (n,), and checks that nothing follows them.

    Args:
        stream: Content of the file, read up to the first value.
        layout: Layout of the values.

    Raises:
        UnreadableError: There are fewer or more values than the header states.
    """
    held, done = get_held_type(layout), 0
    while done < layout.size:
        block = stream.read(min(BLOCK_BYTES, layout.size - done))
        done += len(block)
        if not block or len(block) % layout.dtype.itemsize:
            refuse_length(done, layout.size)
        with np.errstate(over="ignore"):  # becomes infinite and is refused later
            yield np.frombuffer(block, layout.dtype).astype(held, copy=False)
    refuse_length(layout.size + len(stream.read(1)), layout.size)  # reads the checksum


def skip(stream: BinaryIO, size: int) -> None:
    """Reads and discards up to `size` bytes."""
    while size > 0 and (block := stream.read(min(size, BLOCK_BYTES))):
        size -= len(block)


def refuse_length(actual: int, size: int) -> None:
    """Refuses values that are cut off, or followed by more data.

    Raises:
        UnreadableError: The number of bytes differs from `size`.
    """
    if actual < size:
        raise UnreadableError(f"truncated: {max(0, actual)} of {size} bytes of values are there")
    if actual > size:
        raise UnreadableError("damaged header: the file holds more values than it states")
