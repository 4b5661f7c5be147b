"""Folders of pictures: flat, or below splits, classes, patients and studies, at any depth and in any order."""

from collections.abc import Iterator
from pathlib import Path

from ganoscope.data.picture import ReadOptions
from ganoscope.data.source.class_folders import check_labels
from ganoscope.data.source.entries import Listed, SourceImage
from ganoscope.data.source.understood import understand

RANK = 0


def matches(source: Path) -> bool:
    """Recognises every folder."""
    return source.is_dir()


def list_images(source: Path, options: ReadOptions) -> Listed:
    """Returns every file that is not hidden, in the order of paths, with what the folders above it say.

    Raises:
        UserError: The folders can be read in two ways, or can't be classes; see `check_labels`.
        OSError: A folder can't be listed: its images must not be dropped silently.
    """
    understood = understand(source, options.levels)
    return Listed(check_labels(source, understood.list_images()), understood.tell())


def walk_images(source: Path) -> Iterator[SourceImage]:
    """Yields the same as `list_images`, of several readings the likeliest, and without checking names of classes.

    Raises:
        OSError: A folder can't be listed.
    """
    return understand(source, strict=False).list_images()
