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


def load_arrays(path: Path, remedy: str) -> dict[str, NDArray[Any]]:
    """Returns the named arrays, of any shape, in an `.npz` file.

    Args:
        path: The file.
        remedy: What to do if it can't be read, as a sentence.

    Raises:
        UserError: The file is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except DAMAGE as error:
        raise UserError(f"{path} is missing or damaged: {error}. {remedy}") from None
