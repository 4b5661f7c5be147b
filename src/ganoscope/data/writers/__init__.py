"""One file per output format; nothing else needs to know it.

A writer exposes `SUFFIX`, `SEPARATE`, `SIGNED`, `PLACED`, `save_picture` and `open_writer`. `generate --format` names
one, and so does a case of `counterfactual`; a dotted name loads a writer of the user's own.
"""

import math
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.store.intensity import IntensityMap
from ganoscope.registry import list_modules, load_stated

HU_OFFSET = 1024
"""Added to Hounsfield units from -1024 on in formats that hold no negative values; see `choose_hu_offset`."""


def choose_hu_offset(low: float) -> int:
    """Returns what to add to Hounsfield units from `low` on, so that none is negative: 1024, or a multiple of it.

    Example:
        >>> choose_hu_offset(-1024), choose_hu_offset(-1350), choose_hu_offset(-160)
        (1024, 2048, 1024)
    """
    return HU_OFFSET * max(1, math.ceil(-low / HU_OFFSET))


DIFFERENCE_OFFSET = 32768
"""Added to differences in formats that hold no negative values."""


@dataclass(frozen=True)
class Mark:
    """Statement in a written file about its origin; readers recognise it by its first word, `SYNTHETIC`.

    Attributes:
        text: The whole sentence.
        short: The same in at most 79 bytes, as many as NIfTI's header holds.
    """

    text: str
    short: bytes


GENERATED = Mark(
    "SYNTHETIC image made by ganoscope; not a patient. For research use only.",
    b"SYNTHETIC images by ganoscope, not a patient; slices are unrelated",
)
"""Mark of images that a generator drew from noise."""
TRANSLATED = Mark(
    "SYNTHETIC: made by ganoscope from a patient's image. Treat it as patient data. For research use only.",
    b"SYNTHETIC by ganoscope from a patient's image; research use only",
)
"""Mark of images that were made from a patient's image."""


@dataclass(frozen=True)
class Output:
    """A picture to write, and what is known about it.

    Attributes:
        pixels: Stored units, shape (H, W).
        unit: What the values mean, see `ganoscope.data.picture.Unit`.
        mark: What the file says about its origin.
        notes: Further facts, in order, for formats that hold text.
        offset: What formats without negative values add to the pixels, and state; None where no pixel is negative.
        spacing_mm: Row and column spacing; None where unknown.
        thickness_mm: Thickness of the slice; None where unknown.
        affine: Place of the slice in the patient, shape (4, 4), as `find_affine` returns it; None where unknown.
    """

    pixels: NDArray[np.generic]
    unit: str
    mark: Mark
    notes: Mapping[str, object] = field(default_factory=dict)
    offset: int | None = None
    spacing_mm: tuple[float, float] | None = None
    thickness_mm: float | None = None
    affine: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Stack:
    """What is known about a set of generated images before the first is written.

    Attributes:
        number: Number of images.
        size: Side of each image in pixels.
        intensity: Map between stored units and network range.
        classes: Names of the classes, in the order of their codes; empty where the images have none.
        spacing_mm: Row and column spacing; None where it is unknown or varies.
        mark: What the files say about their origin.
    """

    number: int
    size: int
    intensity: IntensityMap
    classes: tuple[str, ...]
    spacing_mm: tuple[float, float] | None
    mark: Mark = GENERATED


Write = Callable[[Output, str, int], str]
"""Writes one image of a set: takes the picture, its name without suffix and its class code; returns the name of the
image's own file, or "" where all images lie in one file."""


class Writer(Protocol):
    """What a file in this folder provides.

    Attributes:
        SUFFIX: Suffix of a file that holds a single picture, such as `.png`.
        SEPARATE: Whether `open_writer` gives each image a file of its own; otherwise all lie in one file.
        SIGNED: Whether the format holds negative values; otherwise `Output.offset` is added.
        PLACED: Whether the format states where a slice lies in the patient.
    """

    SUFFIX: str
    SEPARATE: bool
    SIGNED: bool
    PLACED: bool

    def save_picture(self, path: Path, picture: Output) -> None:
        """Writes a single picture; the same picture gives the same bytes."""
        ...

    def open_writer(self, folder: Path, stack: Stack) -> AbstractContextManager[Write]:
        """Yields the function that writes one image of a set after the other into the folder."""
        ...


PROVIDES = ("SUFFIX", "SEPARATE", "SIGNED", "PLACED", "save_picture", "open_writer")


def available() -> dict[str, str]:
    """Returns the names of the formats, each with the first line of its description; imports none of them."""
    return list_modules(sys.modules[__name__])


def load(name: str) -> Writer:
    """Returns the writer of a format, or, by a dotted name, one of the user's own.

    Raises:
        UserError: There is no such format, or the module does not provide all that a writer needs.
    """
    return cast(Writer, load_stated(sys.modules[__name__], name, PROVIDES))
