"""Reads images from a pixel file by calls that can fail in words.

A memory map can't: reading it beyond the end of a file that was shortened ends the process with a bus error. A
positioned read returns fewer bytes instead. Either way, the page cache holds the pixels for all processes.
"""

import os
import weakref
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ganoscope.data.store.watch import RESTORE
from ganoscope.errors import UserError, describe

FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
SEEKING = Lock()
"""Where a system knows no positioned reads, one thread at a time moves to a position and reads there."""


class PixelFile:
    """Images in an uncompressed file, indexed like a NumPy array; every access reads from the file and returns a copy.

    `np.asarray` reads all of them.

    Attributes:
        path: The file.
        dtype: Data type of the pixels.
        shape: Number of images, height and width.

    Example:
        >>> import tempfile
        >>> pixels = np.arange(24, dtype=np.uint8).reshape(6, 2, 2)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     pixels.tofile(Path(folder) / "pixels")
        ...     file = PixelFile(Path(folder) / "pixels", np.uint8, 0, (6, 2, 2))
        ...     file[4].tolist(), file[[5, 0]].shape, np.asarray(file).sum()
        ([[16, 17], [18, 19]], (2, 2, 2), np.uint64(276))
    """

    def __init__(self, path: Path, dtype: DTypeLike, offset: int, shape: tuple[int, ...]) -> None:
        """Opens the file; it stays open as long as this object lives, and is read even if another takes its name.

        Args:
            path: The file.
            dtype: Data type of the pixels.
            offset: Number of bytes before the pixels.
            shape: Number of images, height and width.
        """
        self.path = path
        self.dtype = np.dtype(dtype)
        self.shape = shape
        self._offset = offset
        self._numbers = np.arange(shape[0])
        self._descriptor = os.open(path, FLAGS)
        weakref.finalize(self, os.close, self._descriptor)

    @classmethod
    def open(cls, path: Path) -> "PixelFile":
        """Returns the images of a .npy file.

        Args:
            path: The file.

        Raises:
            ValueError: It is no .npy file, or holds less than its header says; or another of NumPy's errors.
        """
        array = np.load(path, mmap_mode="r")
        return cls(path, array.dtype, array.offset, array.shape)

    def __reduce__(self) -> tuple[Any, ...]:
        """Opens the file anew in another process, where the number of this one means another file."""
        return PixelFile, (self.path, self.dtype, self._offset, self.shape)

    def __len__(self) -> int:
        """Returns the number of images."""
        return self.shape[0]

    def __getitem__(self, rows: Any) -> NDArray[Any]:
        """Returns images, by the rules of NumPy for a first axis: a number, a slice, numbers, or one boolean per image.

        Raises:
            IndexError: There is no such image.
            UserError: The file is shorter than it was.
        """
        chosen = self._numbers[rows]
        return self._read(chosen.ravel()).reshape(*chosen.shape, *self.shape[1:])

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """Returns all images.

        Raises:
            ValueError: `copy` is False: the pixels are not in memory.
        """
        if copy is False:
            raise ValueError(f"the pixels of {self.path} can't be had without a copy")
        return self[:] if dtype is None else self[:].astype(dtype, copy=False)

    def _read(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Returns the images at the given places, shape (N,); neighbours are read in one go."""
        pixels = np.empty((len(rows), *self.shape[1:]), self.dtype)
        target = pixels.reshape(-1).view(np.uint8).data
        each = len(target) // max(1, len(rows))
        starts = np.flatnonzero(np.diff(rows, prepend=-2) != 1).tolist()
        for start, end in pairwise([*starts, len(rows)]):
            self._fill(target[start * each : end * each], self._offset + int(rows[start]) * each)
        return pixels

    def _fill(self, target: memoryview, position: int) -> None:
        """Reads from a position of the file until the target is full; one call reads at most two GiB."""
        while target:
            count = read_at(self._descriptor, target, position)
            if not count:
                given = f"{os.fstat(self._descriptor).st_size:,} bytes"
                allowed = f"{self._offset + int(np.prod(self.shape)) * self.dtype.itemsize:,} bytes"
                raise UserError(describe(f"{self.path} was changed while it was in use", given, allowed, RESTORE))
            target, position = target[count:], position + count


def read_at(descriptor: int, target: memoryview, position: int) -> int:
    """Reads bytes of an open file into memory and returns their number, 0 beyond its end.

    Args:
        descriptor: Number of the open file.
        target: Bytes to fill.
        position: Position of the first byte.
    """
    if hasattr(os, "preadv"):
        return os.preadv(descriptor, [target], position)
    with SEEKING:
        os.lseek(descriptor, position, os.SEEK_SET)
        content = os.read(descriptor, len(target))
    target[: len(content)] = content
    return len(content)
