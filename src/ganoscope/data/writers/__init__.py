"""One file per output format. Each provides `open_writer`; what it yields writes one image after the other."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.store.intensity import IntensityMap

Write = Callable[[NDArray[np.generic], dict[str, object], int], str]
"""Takes pixels in stored units (H, W), the image's row and its class code; returns the name of the image's own file, or
"" where all lie in one."""


@dataclass(frozen=True)
class Stack:
    """What is known of all images before the first is written.

    Attributes:
        number: How many there will be.
        size: Their side in pixels.
        intensity: Map between stored units and network range.
        classes: Names of the classes; empty where the images have none.
        spacing_mm: Row and column spacing, or None where it is unknown or varies.
    """

    number: int
    size: int
    intensity: IntensityMap
    classes: tuple[str, ...]
    spacing_mm: tuple[float, float] | None


class Format(Protocol):
    """What a file in this folder provides."""

    def open_writer(self, folder: Path, stack: Stack) -> AbstractContextManager[Write]:
        """Yields the function that writes an image into the folder."""
        ...


def load(name: str) -> Format:
    """Returns the module of a format."""
    return cast(Format, import_module(f"{__name__}.{name}"))
