"""One file per way in which data sets arrange their files.

A layout exposes `matches(source)` and `list_images(source)`. The first that recognises a source is taken; plain
`folders` takes whatever no other layout claims.
"""

import importlib
import pkgutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast


@dataclass(frozen=True, slots=True)
class SourceImage:
    """One file that a layout found.

    Attributes:
        path: Where it is.
        name: Path relative to the source, with forward slashes.
        label: Class, or "" where the layout has none.
        split: `train`, `validation` or `test` where the source has that division, else "".
        patient: Patient id where the layout itself knows it, else "".
    """

    path: Path
    name: str
    label: str = ""
    split: str = ""
    patient: str = ""


class Layout(Protocol):
    """What a file in this folder provides."""

    def matches(self, source: Path) -> bool:
        """Tells whether `source` is arranged in this way."""
        ...

    def list_images(self, source: Path) -> Iterable[SourceImage]:
        """Returns the files in a stable order."""
        ...


def find_layout(source: Path) -> Layout:
    """Returns the layout that recognises `source`."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != "folders")
    modules = [cast(Layout, importlib.import_module(f"{__name__}.{name}")) for name in (*names, "folders")]
    return next(layout for layout in modules if layout.matches(source))
