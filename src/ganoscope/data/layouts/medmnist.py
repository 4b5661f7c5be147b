"""MedMNIST: one `.npz` file with pictures, class numbers and splits, all read from the file.

Source: J. Yang et al., MedMNIST v2, Scientific Data 10 (2023), https://doi.org/10.1038/s41597-022-01721-8.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from ganoscope.data.picture import ReadOptions, UnreadableError
from ganoscope.data.readers.array import CLASSES, find_set, is_medmnist, list_names
from ganoscope.data.source.entries import SourceImage
from ganoscope.data.source.walk import scan, walk_files

RANK = 1

SUFFIX = ".npz"
OPENED = 3
"""Number of files opened to recognise the layout."""
OTHER_SET = "a MedMNIST set of other classes than the first one here: their numbers would be mixed; prepare it alone"
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
    """Yields every file; those that are not archives, or sets of other classes than the first one, have a fault."""
    first: tuple[str, ...] = ()
    for found in walk_files(source):
        fault = found.fault or find_fault(found.path)
        if not fault:
            classes = CLASSES.get(find_set(found.path.name), (found.path.name,))
            first = first or classes
            fault = "" if classes == first else OTHER_SET
        yield SourceImage((found.path,), found.name, fault=fault)


def find_fault(path: Path) -> str:
    """Returns the reason why a file is no MedMNIST archive; "" if it is one."""
    if not path.name.lower().endswith(SUFFIX):
        return OTHER_FILE
    try:
        return "" if is_medmnist(list_names(path)) else OTHER_FILE
    except UnreadableError as error:
        return str(error)
    except OSError as error:
        return f"the system can't read it: {error.strerror or type(error).__name__}"
