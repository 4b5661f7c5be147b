"""One file per image format. A reader exposes `SUFFIXES` and `read`; nothing else needs to know it."""

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray


class UnreadableError(Exception):
    """A file that is not taken; its message is the reason that goes into `quarantine.csv`."""


@dataclass(frozen=True)
class Picture:
    """One decoded image.

    Attributes:
        pixels: Stored units, shape (H, W); uint8, uint16 or int16.
        unit: What the values mean: `grey 8 bit`, `grey 16 bit` or `HU`.
        coloured: The file held true colour that was reduced to grey.
        spacing_mm: Row and column spacing, where the file states it.
    """

    pixels: NDArray[np.generic]
    unit: str
    coloured: bool = False
    spacing_mm: tuple[float, float] | None = None


class Reader(Protocol):
    """What a file in this folder provides."""

    SUFFIXES: tuple[str, ...]

    def read(self, path: Path) -> Picture:
        """Returns the decoded image; raises `UnreadableError` with the reason otherwise."""
        ...


@cache
def readers() -> dict[str, Reader]:
    """Returns the reader of every supported file suffix (lower case, with its dot)."""
    modules = [importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)]
    return {suffix: cast(Reader, module) for module in modules for suffix in module.SUFFIXES}


def read(path: Path) -> Picture:
    """Returns the image in a file of any supported format.

    Raises:
        UnreadableError: The format is not supported, or the file can't be read; the message says why.
    """
    if path.stat().st_size == 0:
        raise UnreadableError("the file is empty (0 bytes)")
    reader = readers().get(path.suffix.lower())
    if reader is None:
        raise UnreadableError(f"format {path.suffix or '(no suffix)'} is not supported; {', '.join(readers())} are")
    return reader.read(path)
