"""One file per image format. A reader exposes `SUFFIXES` and `read`; nothing else needs to know it."""

import importlib
import pkgutil
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Protocol, cast

from ganoscope.data.picture import Picture, ReadOptions, UnreadableError

FOREIGN_SUFFIXES = (
    *(".bmp", ".gif", ".webp", ".svg", ".jp2", ".pdf", ".zip", ".gz", ".raw", ".dat", ".mha", ".mhd", ".nrrd", ".mat"),
    *(".h5", ".pt", ".pkl", ".txt", ".csv", ".json", ".xml", ".yaml", ".yml", ".html", ".doc", ".docx", ".xls"),
)
"""What a reason may call by its suffix; any other may be part of a name, as in `J.Doe`."""


class Reader(Protocol):
    """What a file in this folder provides."""

    SUFFIXES: tuple[str, ...]

    def read(self, path: Path, options: ReadOptions) -> Iterable[Picture]:
        """Returns the decoded images, at least one; raises `UnreadableError` with the reason otherwise."""
        ...


@cache
def readers() -> dict[str, Reader]:
    """Returns the reader of every supported file suffix (lower case, with its dot)."""
    names = [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return {suffix: cast(Reader, module) for module in modules for suffix in module.SUFFIXES}


def find_reader(path: Path) -> Reader | None:
    """Returns the reader for a file: by its suffix, or by DICOM's mark in a file without a known one."""
    name = path.name.lower()
    known = next((reader for suffix, reader in readers().items() if suffix and name.endswith(suffix)), None)
    return known or (readers().get(".dcm") if is_dicom(path) else None)


def is_dicom(path: Path) -> bool:
    """Tells whether a file bears DICOM's mark after its 128-byte preamble."""
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


PLAIN = ReadOptions()
"""Everything that a file holds, as it is."""


def read(path: Path, options: ReadOptions = PLAIN) -> Iterable[Picture]:
    """Returns the images in a file of any supported format.

    Raises:
        UnreadableError: The format is not supported, or the file can't be read; the message says why.
    """
    if path.stat().st_size == 0:
        raise UnreadableError("the file is empty (0 bytes)")
    reader = find_reader(path)
    if reader is None:
        suffix = path.suffix.lower()
        named = suffix if suffix in FOREIGN_SUFFIXES else "of this name"
        raise UnreadableError(f"format {named} is not supported; {', '.join(readers())} are")
    return reader.read(path, options)
