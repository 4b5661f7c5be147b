"""What a layout found, spooled to a file: the list of a hundred thousand files must not stay in memory.

The file lies in the unfinished store's private folder and is removed with it: it holds names and ids.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path
from re import Pattern

from ganoscope.data.layouts import SourceImage
from ganoscope.data.patients import PatternCounter

FIELDS = tuple(field.name for field in fields(SourceImage))


@dataclass(frozen=True)
class Listing:
    """A spooled list.

    Attributes:
        path: The file, one entry per line.
        entries: Number of entries.
        files: Number of source files over all entries.
        size: Their length in bytes.
        digest: SHA-256 over entries, and sizes and times of the files: another one means another source.
        pattern: The built-in patient pattern that fits the file names, or none.
    """

    path: Path
    entries: int
    files: int
    size: int
    digest: str
    pattern: Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Entry:
    """What a line says: what to read, and the number of its first file among all files."""

    number: int
    image: SourceImage


def spool(images: Iterable[SourceImage], path: Path) -> Listing:
    """Writes entries to a file and returns the finished list."""
    digest, counter, entries, files, size = hashlib.sha256(), PatternCounter(), 0, 0, 0
    with path.open("w", encoding="ascii") as file:
        for image in images:
            line = json.dumps({"number": files, **{name: getattr(image, name) for name in FIELDS}}, default=os.fspath)
            file.write(f"{line}\n")
            digest.update(line.encode())
            for source in image.paths:
                length, state = describe_state(source)
                digest.update(state)
                size += length
                counter.add(source.name)
            files += len(image.paths)
            entries += 1
    return Listing(path, entries, files, size, digest.hexdigest(), counter.recognise())


def describe_state(path: Path) -> tuple[int, bytes]:
    """Returns a file's length in bytes, and what changes when it does; of a missing file nothing."""
    try:
        state = path.stat()
    except OSError:
        return 0, b"missing"
    return state.st_size, f"{state.st_size} {state.st_mtime_ns}".encode()


def iterate(path: Path, skip: int = 0) -> Iterator[str]:
    """Yields the lines of a spooled list, without the first `skip`."""
    with path.open(encoding="ascii") as file:
        yield from islice(file, skip, None)


def parse(line: str) -> Entry:
    """Returns what a line says."""
    fields = json.loads(line)
    paths = tuple(Path(name) for name in fields.pop("paths"))
    number, mask = fields.pop("number"), fields.pop("mask")
    boxes = tuple(tuple(box) for box in fields.pop("boxes"))
    return Entry(number, SourceImage(paths=paths, mask=Path(mask) if mask else None, boxes=boxes, **fields))
