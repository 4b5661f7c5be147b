"""One file per image format. A reader exposes `SUFFIXES` and `read`; nothing else needs to know about it."""

import importlib
import pkgutil
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Protocol, cast

from ganoscope.data.picture import Picture, ReadOptions, UnreadableError
from ganoscope.data.readers._content import tell_format

FOREIGN_SUFFIXES = (
    *(".bmp", ".gif", ".webp", ".svg", ".jp2", ".pdf", ".zip", ".gz", ".raw", ".dat", ".mha", ".mhd", ".nrrd", ".mat"),
    *(".h5", ".pt", ".pkl", ".txt", ".csv", ".json", ".xml", ".yaml", ".yml", ".html", ".doc", ".docx", ".xls"),
)
"""Suffixes that a reason may mention; any other may be part of a name, as in `J.Doe`."""


class Reader(Protocol):
    """Interface of a module in this folder."""

    SUFFIXES: tuple[str, ...]

    def read(self, path: Path, options: ReadOptions) -> Iterable[Picture]:
        """Returns the decoded images, at least one.

        Raises:
            UnreadableError: The file can't be used; the message gives the reason.
        """
        ...


@cache
def readers() -> dict[str, Reader]:
    """Returns the readers by supported file suffix (lower case, with dot)."""
    names = [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return {suffix: cast(Reader, module) for module in modules for suffix in module.SUFFIXES}


def find_reader(path: Path) -> Reader | None:
    """Returns the reader of a file by its content; by its name where the content is of no format with a mark.

    A damaged file gets the reader that its name asks for, which knows the reason.
    """
    name = path.name.lower()
    named = (suffix for suffix in readers() if suffix and name.endswith(suffix))
    return readers().get(tell_format(path) or next(named, ""))


PLAIN = ReadOptions()
"""Options that read everything in a file unchanged."""


def read(path: Path, options: ReadOptions = PLAIN) -> Iterable[Picture]:
    """Reads the images in a file of any supported format.

    Raises:
        UnreadableError: The format is not supported, or the file can't be read; the message gives the reason.
    """
    if path.stat().st_size == 0:
        raise UnreadableError("the file is empty (0 bytes)")
    reader = find_reader(path)
    if reader is None:
        suffix = path.suffix.lower()
        what = f"format {suffix}" if suffix in FOREIGN_SUFFIXES else "the format of its content"
        raise UnreadableError(f"{what} is not supported; {', '.join(readers())} are")
    return reader.read(path, options)


def drop_ending(name: str) -> str:
    """Returns a name without the ending of a picture format.

    Example:
        >>> drop_ending("a/scan.nii.gz"), drop_ending("1.2.3")
        ('a/scan', '1.2.3')
    """
    lower = name.lower()
    endings = [suffix for suffix in readers() if suffix and lower.endswith(suffix)]
    return name[: -len(max(endings, key=len))] if endings else name
