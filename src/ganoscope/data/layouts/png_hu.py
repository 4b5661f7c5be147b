"""16-bit pictures with Hounsfield units plus an offset (`--hu-offset`), in folders as in layout `folders`."""

from pathlib import Path

from ganoscope.data.layouts import folders
from ganoscope.data.picture import ReadOptions
from ganoscope.data.source.entries import Listed
from ganoscope.errors import UserError, describe

RANK = 0


def matches(source: Path) -> bool:
    """Recognises nothing: only the user knows whether 16-bit pictures hold HU."""
    return False


def list_images(source: Path, options: ReadOptions) -> Listed:
    """Returns the entries that `folders` lists.

    Raises:
        UserError: The offset is missing.
    """
    if options.hu_offset is None:
        allowed = "a whole number, the value stored for 0 HU"
        remedy = "Give it, such as --hu-offset 1024 if air is stored as about 24."
        raise UserError(describe("layout png_hu needs --hu-offset", "none", allowed, remedy))
    return folders.list_images(source, options)
