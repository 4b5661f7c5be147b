"""What the rows of a table may name in a source: files, folders, and ids in the headers of DICOM files."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydicom.datadict import tag_for_keyword

from ganoscope.data.dicom.attributes import get_text
from ganoscope.data.dicom.dataset import open_dataset, quiet
from ganoscope.data.file_limits import start_bounds
from ganoscope.data.picture import ReadOptions
from ganoscope.data.readers.dicom import SUFFIXES
from ganoscope.data.source.entries import SourceImage
from ganoscope.data.source.understood import has_picture_suffix
from ganoscope.data.source.walk import TABLE_SUFFIXES, is_directory_file, walk_files
from ganoscope.data.tables.label_rules import normalise_value
from ganoscope.data.tables.name_matching import Matching, make_key
from ganoscope.data.tables.usual_names import ALIASES, list_folded

KEYWORDS = {
    "SeriesInstanceUID": list_folded(["series_instance_uid", "series_uid", "series_id"]),
    "StudyInstanceUID": list_folded(["study_instance_uid", "study_uid", "study_id"]),
    "AccessionNumber": list_folded(["accession_number", "accession", "accession_no", "accession_nr", "acc_no"]),
    "PatientID": list_folded(ALIASES["patient"]),
}
"""Usual names of columns that hold an attribute of DICOM headers, the narrower attribute first."""
TAGS = [tag for keyword in KEYWORDS if (tag := tag_for_keyword(keyword)) is not None]
LOOKED_AT = 50
"""Number of headers, spread over the source, that tell whether a column holds such ids."""


@dataclass(frozen=True)
class SourceNames:
    """The names in a source; each kind is read when it is first asked for.

    Attributes:
        source: Source folder; None for a table by itself.
    """

    source: Path | None = None

    @cached_property
    def files(self) -> list[str]:
        """Paths of the files that may be images, as `make_key` returns them."""
        return [make_key(path.relative_to(root).as_posix()) for root in self._roots for path in list_pictures(root)]

    @cached_property
    def ids(self) -> Mapping[str, frozenset[str]]:
        """Ids in some headers by keyword of their attribute; none where no file is DICOM."""
        paths = [root / file for root in self._roots for file in self.files if may_be_dicom(file)]
        held = [read_ids(path) for path in paths[:: max(1, len(paths) // LOOKED_AT)]]
        return {keyword: frozenset(ids[keyword] for ids in held if ids.get(keyword)) for keyword in KEYWORDS}

    @property
    def _roots(self) -> list[Path]:
        return [self.source] if self.source else []


def list_pictures(source: Path) -> Iterator[Path]:
    """Yields the files of a source that may be images, or that can't be used."""
    for found in walk_files(source):
        if found.fault or is_picture(found.path):
            yield found.path


def is_picture(path: Path) -> bool:
    """Tells whether a file name has the suffix of a picture or none, as is common for DICOM files."""
    name = path.name.lower()
    return has_picture_suffix(path.suffix.lower()) and not name.endswith(TABLE_SUFFIXES) and not is_directory_file(name)


def may_be_dicom(file: str) -> bool:
    """Tells whether a file name has the suffix of DICOM, none, or a number."""
    suffix = Path(file).suffix.lower()
    return not suffix or suffix in SUFFIXES or suffix[1:].isdigit()


def read_ids(path: Path) -> dict[str, str]:
    """Returns ids in the header of a file by keyword; none if it is no DICOM file or damaged."""
    try:
        with start_bounds(path, ReadOptions()).holding(), quiet():
            header = open_dataset(path, TAGS, stop_before_pixels=True)
            return {keyword: text for keyword in KEYWORDS if (text := get_text(header, keyword))}
    except Exception:  # reading the file will give the reason
        return {}


def match_headers(rows: Collection[str], series: Sequence[SourceImage], source: Path) -> Matching:
    """Returns the rows that hold an id in the headers of series, by the attribute that matches most rows.

    Ids are compared as they are, or as spreadsheets change them: `0017` may have become `17` or `17.0`.

    Args:
        rows: Names in the table, as `make_key` returns them.
        series: Series, each of one id.
        source: Source folder.
    """
    held = [(entry, read_ids(entry.path)) for entry in series] if rows else []
    best = Matching()
    for keyword in KEYWORDS:
        by_id = [(entry, make_key(ids[keyword])) for entry, ids in held if ids.get(keyword)]
        row_of_id = match_ids(rows, {text for _, text in by_id})
        found = {
            make_key(path.relative_to(source).as_posix()): row_of_id[text]
            for entry, text in by_id
            if text in row_of_id
            for path in entry.paths
        }
        if len(set(found.values())) > len(set(best.row_of_file.values())):
            best = Matching(found, by=keyword)
    return best


def match_ids(rows: Collection[str], ids: Collection[str]) -> dict[str, str]:
    """Returns the row by id, compared as they are or, where that is one to one, as spreadsheets write them.

    Example:
        >>> match_ids(["17", "18"], ["0017", "0019"]), match_ids(["17"], ["017", "0017"])
        ({'0017': '17'}, {})
    """
    same = {text: text for text in ids if text in rows}
    plain = {loosen(row): row for row in rows}
    if len(plain) < len(rows) or len({loosen(text) for text in ids}) < len(ids):
        return same
    loose = {text: plain[loosen(text)] for text in ids if loosen(text) in plain}
    return loose if len(loose) > len(same) else same


def loosen(text: str) -> str:
    """Returns an id without case, leading zeros and decimals."""
    return normalise_value(text).lstrip("0")
