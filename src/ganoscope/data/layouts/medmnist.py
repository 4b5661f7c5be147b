"""MedMNIST: one `.npz` file with pictures, class numbers and splits, all read from the file.

Source: J. Yang et al., MedMNIST v2, Scientific Data 10 (2023), https://doi.org/10.1038/s41597-022-01721-8.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from ganoscope.data.layouts import SourceImage
from ganoscope.data.layouts._walk import scan, walk_files
from ganoscope.data.picture import ReadOptions, UnreadableError
from ganoscope.data.readers.array import CLASSES, find_set, is_medmnist, list_names
from ganoscope.errors import UserError

RANK = 1

SUFFIX = ".npz"
OPENED = 3
"""Number of files opened to recognise the layout."""
OTHER_FILE = "no MedMNIST file (.npz) in a folder of them"


def matches(source: Path) -> bool:
    """Recognises folders with an archive whose array names are those of MedMNIST."""
    archives = (Path(entry.path) for entry, _ in scan(source) if entry.name.lower().endswith(SUFFIX))
    return any(holds_medmnist(path) for path in islice(archives, OPENED))


def holds_medmnist(path: Path) -> bool:
    """Tells whether a file is an archive with MedMNIST arrays; links are not followed."""
    try:
        return path.is_file() and not path.is_symlink() and is_medmnist(list_names(path))
    except (UnreadableError, OSError):
        return False


def list_images(source: Path, options: ReadOptions) -> Iterator[SourceImage]:
    """Yields every file; files that are not archives have a fault.

    Raises:
        UserError: The folder holds data sets with different classes, whose class numbers would be mixed.
    """
    classes: set[tuple[str, ...]] = set()
    for found in walk_files(source):
        archive = found.path.name.lower().endswith(SUFFIX)
        if archive and not found.fault:
            classes.add(CLASSES.get(find_set(found.path.name), (found.path.name,)))
        if len(classes) > 1:
            raise UserError(
                f"MedMNIST sets of different classes in {source}: got at least {len(classes)}; allowed: one set. Move "
                "one of them into a folder of its own."
            )
        yield SourceImage((found.path,), found.name, fault=found.fault or ("" if archive else OTHER_FILE))
