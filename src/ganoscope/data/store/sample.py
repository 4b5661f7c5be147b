"""One row of a store's manifest, and its columns."""

from collections.abc import Iterator, Sequence
from dataclasses import MISSING, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.errors import UserError
from ganoscope.files.records import TRUTH
from ganoscope.files.tables import RESTORE, read_rows, show_cell


@dataclass(frozen=True, slots=True)
class Sample:
    """One row of the manifest: the metadata of one image. Nothing in it identifies a person.

    In the table, truth is `yes` or `no`.

    Attributes:
        sample_id: Stable id derived from the content of the source file.
        label: Class, or "".
        patient: Pseudonym, or "" if the patient is unknown.
        group: Group that no split or fold may divide: a patient, a cluster of near-duplicates, or both joined.
        split: `train`, `validation` or `test`.
        source: Number of the source file; its name is in the key file, outside the store.
        source_split: Split of the file in the source, or "".
        source_sha256: SHA-256 of the source file.
        height_px: Height of the source picture.
        width_px: Width of the source picture.
        spacing_mm: Pixel spacing in the store, "row x column", or "".
        coloured: Whether true colour was reduced to grey.
        frame: Index of the picture in its file or series.
        folder: Number of the source folder, without class and split folders.
        modality: DICOM code, or "".
        view: Radiographic view or slice plane, or "".
        series: Number of the series or volume, or "".
        position_mm: Position of a slice along its normal, or "".
        thickness_mm: Slice thickness, or "".
        searched: Whether the picture was searched for burnt-in text and markers; large sets are sampled.
        markers: Markers found, in store pixels, "x y width height; ...".
        placement: Placement of the source picture in the store: "top left height width > top left height width", the
            rectangle taken and the rectangle filled.
        boxes: Annotated findings in store pixels, "x y width height; ...".
        annotated: Whether the source has a mask of findings for this image.
        raw_low: Source value mapped to the lowest stored value if images or series are scaled individually, or "".
        raw_high: Source value mapped to the highest stored value, or "".
        anatomy: Whether the source has a mask of anatomy, such as lung fields, for this image.
        added: `synthetic` or `duplicate` for images that were added to train on, otherwise "".
    """

    sample_id: str
    label: str
    patient: str
    group: str
    split: str
    source: str
    source_split: str
    source_sha256: str
    height_px: int
    width_px: int
    spacing_mm: str = ""
    coloured: bool = False
    frame: int = 0
    folder: str = ""
    modality: str = ""
    view: str = ""
    series: str = ""
    position_mm: str = ""
    thickness_mm: str = ""
    searched: bool = False
    markers: str = ""
    placement: str = ""
    boxes: str = ""
    annotated: bool = False
    raw_low: str = ""
    raw_high: str = ""
    anatomy: bool = False
    added: str = ""


COLUMNS = tuple(field.name for field in fields(Sample))
DEFAULTS = {field.name: field.default for field in fields(Sample) if field.default is not MISSING}
REQUIRED = tuple(name for name in COLUMNS if name not in DEFAULTS)
"""Columns that every manifest has."""
MANIFEST = "manifest.csv"
QUARANTINE_COLUMNS = ("source", "reason")
FLAGS = tuple(name for name, default in DEFAULTS.items() if isinstance(default, bool))
"""Columns that hold `yes` or `no`; 1 or 0 in stores of older versions."""


def read_manifest(store: Path) -> Iterator[list[str]]:
    """Yields the header and then the rows of a store's manifest.

    The fingerprint is of the cells alone, so the header is compared with `COLUMNS`: it holds some of them, in that
    order, and columns that an older version did not know may be missing.

    Args:
        store: Folder of the store.

    Raises:
        UserError: The manifest is missing or damaged, or its header is another one.
    """
    path = store / MANIFEST
    rows = read_rows(path, REQUIRED)
    names = next(rows)
    strange = [name for name in names if name not in COLUMNS]
    if strange or names != [name for name in COLUMNS if name in names]:
        found = f"has the columns {', '.join(map(repr, strange))}" if strange else "has its columns in another order"
        raise UserError(f"{path} is damaged: it {found}, which ganoscope does not write. {RESTORE}")
    yield names
    yield from rows


def make_column(name: str, cells: Sequence[str]) -> NDArray[np.str_]:
    """Returns the cells of a column of the manifest, shape (N,), those of older stores in the words of today.

    Example:
        >>> make_column("coloured", ["1", "no"]).tolist(), make_column("frame", ["1", "0"]).tolist()
        (['yes', 'no'], ['1', '0'])
    """
    return np.array([show_cell(TRUTH[cell]) if name in FLAGS and cell in TRUTH else cell for cell in cells], np.str_)
