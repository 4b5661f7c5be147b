"""Tells the format of a file by its first bytes: names are often wrong or missing."""

import gzip
import zlib
from pathlib import Path

from ganoscope.data.dicom.dataset import is_dicom

MARKS = {
    b"\x89PNG\r\n\x1a\n": ".png",
    b"\xff\xd8\xff": ".jpg",
    **dict.fromkeys((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), ".tif"),
}
"""First bytes of picture formats, and the usual suffix of each."""
GZIP = b"\x1f\x8b"
HEADER_BYTES = 348
"""Bytes of a NIfTI header up to its mark; the mark of version 2 is nearer to the start."""


def tell_format(path: Path) -> str:
    """Returns the usual suffix of a file's format, whatever its name: `.dcm`, `.nii`, `.png`, `.jpg` or `.tif`.

    Returns:
        "" where the first bytes belong to none of these, as in damaged files and NumPy files, which `readers` tells by
        their names.

    Raises:
        OSError: The system can't read the file.
    """
    if is_dicom(path):
        return ".dcm"
    start = read_start(path)
    if start[344:348] == b"n+1\0" or start[4:8] == b"n+2\0":
        return ".nii"
    return next((suffix for mark, suffix in MARKS.items() if start.startswith(mark)), "")


def read_start(path: Path) -> bytes:
    """Returns the first bytes of a file; of a file compressed by gzip, those of its content.

    Raises:
        OSError: The system can't read the file.
    """
    with path.open("rb") as file:
        start = file.read(HEADER_BYTES)
    if not start.startswith(GZIP):
        return start
    try:
        with gzip.open(path) as file:
            return file.read(HEADER_BYTES)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return start
