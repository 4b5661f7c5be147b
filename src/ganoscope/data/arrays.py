"""Named arrays in compressed `.npz` files: written atomically, read without executing anything."""

from collections.abc import Mapping
from pathlib import Path
from tokenize import TokenError
from typing import Any
from zipfile import BadZipFile
from zlib import error

import numpy as np
from numpy.typing import NDArray

from ganoscope.errors import UserError
from ganoscope.files import replacing

DAMAGE = (
    *(OSError, ValueError, TypeError, KeyError, EOFError, SyntaxError, NotImplementedError, RuntimeError),
    *(OverflowError, MemoryError, BadZipFile, TokenError, error),
)
"""What NumPy and zipfile raise on a damaged file."""


def save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Writes named arrays of any shape as a compressed `.npz` file; equal arrays give equal bytes."""
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def load_arrays(path: Path, remedy: str, shapes: Mapping[str, str] | None = None) -> dict[str, NDArray[Any]]:
    """Returns the named arrays, of any shape, in an `.npz` file.

    Args:
        path: The file.
        remedy: What to do if it can't be read, as a sentence.
        shapes: What each array must be, see `refuse_misfits`; by default, anything.

    Raises:
        UserError: The file is missing or damaged, or an array is not what it must be.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        for name, array in arrays.items():
            if array.dtype.kind == "U":
                "".join((name, *array.ravel().tolist())).encode()  # half of a pair of code units is no letter
        refuse_misfits(arrays, shapes or {})
        return arrays
    except DAMAGE as error:
        raise UserError(f"{path} is missing or damaged: {error}. {remedy}") from None


def refuse_misfits(arrays: Mapping[str, NDArray[Any]], shapes: Mapping[str, str]) -> None:
    """Refuses arrays that don't fit each other.

    Args:
        arrays: Arrays of any shape by name.
        shapes: By name, the kind (`number` or `text`) and the sizes, such as `number N 3`; a letter stands for the same
            size wherever it occurs.

    Raises:
        ValueError: An array is missing, or has another kind or shape.

    Example:
        >>> refuse_misfits({"x": np.zeros(3), "y": np.zeros(2)}, {"x": "number N", "y": "number N"})
        Traceback (most recent call last):
        ...
        ValueError: y has shape (2,), not (3,)
    """
    sizes: dict[str, int] = {}
    for name, shape in shapes.items():
        if name not in arrays:
            raise ValueError(f"{name} is missing")
        kind, *letters = shape.split()
        array = arrays[name]
        if array.dtype.kind not in ("biuf" if kind == "number" else "U"):
            raise ValueError(f"{name} holds {array.dtype}, not {kind}s")
        if array.ndim == len(letters):
            sizes.update(
                {letter: size for letter, size in zip(letters, array.shape, strict=True) if letter not in sizes}
            )
        expected = tuple(int(letter) if letter.isdigit() else sizes.get(letter, -1) for letter in letters)
        if array.shape != expected:
            raise ValueError(f"{name} has shape {array.shape}, not {expected}")
