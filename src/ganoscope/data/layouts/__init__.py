"""One file per way in which data sets arrange their files.

A layout exposes `RANK`, `matches(source)` and `list_images(source, options)`. Of those that recognise a source the one
of the highest rank is taken; plain `folders` takes whatever no other layout claims; `--layout` names one.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from ganoscope.data.picture import ReadOptions
from ganoscope.registry import list_modules, load_module

Box = tuple[float, float, float, float]
"""x, y (top-left corner), width and height in pixels of the source picture."""


@dataclass(frozen=True, slots=True)
class SourceImage:
    """One unit of reading that a layout found: a file, or the files of one series.

    Attributes:
        paths: The file; or the slices of one series, in the order of their position.
        name: Path of the first file relative to the source, with forward slashes; kept out of the store.
        label: Class, or "" where the layout has none.
        split: `train`, `validation` or `test` where the source has that division, else "".
        patient: Patient id where the layout itself knows it, else "".
        boxes: Annotated findings.
        mask: Picture of the annotated finding: what is not zero belongs to it.
        modality: DICOM's code where the layout knows it, else "".
        view: Radiographic view where the layout knows it, else "".
        fault: Why this entry can't be taken, such as a label without an image; "" where nothing is wrong so far. Enters
            the store: it must not hold names.
    """

    paths: tuple[Path, ...]
    name: str
    label: str = ""
    split: str = ""
    patient: str = ""
    boxes: tuple[Box, ...] = ()
    mask: Path | None = None
    modality: str = ""
    view: str = ""
    fault: str = ""

    @property
    def path(self) -> Path:
        """The (first) file."""
        return self.paths[0]


class Layout(Protocol):
    """What a file in this folder provides."""

    RANK: int
    """0: takes every folder; 1: recognises a kind of file; 2: recognises one data set; 3: reads the
    user's own description of it, a manifest."""

    def matches(self, source: Path) -> bool:
        """Tells whether `source` is arranged in this way; looks at names and a few files only."""
        ...

    def list_images(self, source: Path, options: ReadOptions) -> Iterable[SourceImage]:
        """Returns the entries in a stable order."""
        ...


def available() -> dict[str, str]:
    """Returns the layouts' names, each with its first line; imports none of them."""
    return list_modules(sys.modules[__name__])


def find_layout(source: Path, name: str = "") -> tuple[str, Layout]:
    """Returns the layout of that name, or the one that recognises `source`, with its name.

    Raises:
        UserError: There is no layout of that name.
    """
    package, provides = sys.modules[__name__], ("RANK", "matches", "list_images")
    if name:
        return name, cast(Layout, load_module(package, name, provides))
    found = {name: cast(Layout, load_module(package, name, provides)) for name in available()}
    matching = [name for name, layout in found.items() if layout.matches(source)]
    best = max(matching, key=lambda name: found[name].RANK)
    return best, found[best]
