"""Folders of pictures: flat, one folder per class, or split folders that hold class folders."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from ganoscope.data.layouts import SourceImage
from ganoscope.files import escape_unprintable

SPLIT_OF_FOLDER = {
    **dict.fromkeys(("train", "training", "trainset", "training_set"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "testset", "test_set", "holdout"), "test"),
}


def matches(source: Path) -> bool:
    """Takes every folder."""
    return source.is_dir()


def list_images(source: Path) -> Iterator[SourceImage]:
    """Yields every file that is not hidden, in the order of its path.

    A folder called like a split, at any depth, gives the split; the deepest other folder gives the class.

    Raises:
        OSError: A folder can't be listed: its images must not go missing in silence.
    """
    for folder, subfolders, files in os.walk(source, onerror=fail):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        parts = tuple(escape_unprintable(part) for part in Path(folder).relative_to(source).parts)
        split, label = read_folder_names(parts)
        for file in sorted(name for name in files if not name.startswith(".")):
            yield SourceImage(Path(folder) / file, "/".join((*parts, escape_unprintable(file))), label, split)


def fail(error: OSError) -> NoReturn:
    """Raises the error that `os.walk` would otherwise swallow."""
    raise error


def read_folder_names(parts: tuple[str, ...]) -> tuple[str, str]:
    """Returns (split, label) that the names of the folders above a file state.

    Example:
        >>> read_folder_names(("Training", "glioma"))
        ('train', 'glioma')
    """
    splits = [SPLIT_OF_FOLDER[part.lower()] for part in parts if part.lower() in SPLIT_OF_FOLDER]
    labels = [part for part in parts if part.lower() not in SPLIT_OF_FOLDER]
    return (splits[-1] if splits else "", labels[-1] if labels else "")
