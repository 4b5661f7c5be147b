"""A folder with a table of patients, studies or series and their classes, but without paths.

Such as `participants.tsv` of BIDS, or a clinical table beside the export of a PACS. Its ids are those in DICOM headers
(PatientID, AccessionNumber, StudyInstanceUID, SeriesInstanceUID), or names of folders, or beginnings of names of files.
Everything else is as in `manifest`.

"""

from pathlib import Path

from ganoscope.data.layouts import manifest
from ganoscope.data.picture import ReadOptions, TableOptions
from ganoscope.data.source.entries import Listed
from ganoscope.data.tables.table_files import find_tables

RANK = 2


def matches(source: Path) -> bool:
    """Recognises folders with such a table if half of its ids, or of those in the source, are found."""
    return bool(find_tables(source, TableOptions()))


def list_images(source: Path, options: ReadOptions) -> Listed:
    """Returns the images in the order of paths, then the rows without an image.

    Raises:
        UserError: See `manifest.list_images`.
    """
    return manifest.list_images(source, options)
