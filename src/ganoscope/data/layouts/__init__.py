"""One file per arrangement of the files of a data set.

A layout exposes `RANK`, `matches(source)` and `list_images(source, options)`. Of all layouts that recognise a source,
the one with the highest rank is used; plain `folders` is used if no other layout matches; `--layout` names one.

"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, cast

from ganoscope.data.picture import ReadOptions
from ganoscope.data.source.entries import SourceImage
from ganoscope.registry import list_modules, load_stated

DATA_SET_RANK = 3
"""Rank of layouts that recognise one data set."""


class Layout(Protocol):
    """Interface of a module in this folder."""

    RANK: int
    """0: matches every folder; 1: recognises a file type; 2: reads a table of patients; 3: recognises one data set;
    4: reads a manifest, the user's own description."""

    def matches(self, source: Path) -> bool:
        """Tells whether `source` has this layout; only names and a few files are examined."""
        ...

    def list_images(self, source: Path, options: ReadOptions) -> Iterable[SourceImage]:
        """Returns the entries in a stable order."""
        ...


def available() -> dict[str, str]:
    """Returns the names of the layouts with their one-line descriptions; imports none of them."""
    return list_modules(sys.modules[__name__])


def find_layout(source: Path, name: str = "") -> tuple[str, Layout]:
    """Returns name and module of the named layout, or of the one that recognises `source`.

    Raises:
        UserError: There is no layout of that name.
    """
    package, provides = sys.modules[__name__], ("RANK", "matches", "list_images")
    if name:
        return name, cast(Layout, load_stated(package, name, provides))
    found = {name: cast(Layout, load_stated(package, name, provides)) for name in available()}
    matching = [name for name, layout in found.items() if layout.matches(source)]
    best = max(matching, key=lambda name: found[name].RANK)
    return best, found[best]
