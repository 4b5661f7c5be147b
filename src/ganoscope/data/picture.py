"""Types shared by readers, layouts and stores: a decoded picture, the unit of its pixels, options for reading files."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Unit = Literal["grey 8 bit", "grey 16 bit", "HU", "signal"]
"""What pixels mean: display grey values (uint8, uint16), Hounsfield units (int16), or a signal on the file's own scale
(MR, CR, DX, float maps: uint16, int16 or float32), which is mapped to 16 bits per image or per series."""


PADDING_HU = -2048
"""Value of pixels in HU where the scanner measured nothing: below every real value, so that it can be masked."""


HIGHEST_HU = 32767
"""Highest value in HU that is stored; metal may lie above, and networks see at most 3071."""


SYNTHETIC = "SYNTHETIC"
"""Prefix of the description of a generated image: in PNG text, in the NIfTI header, in a ZIP comment."""


class UnreadableError(Exception):
    """A file that can't be used; the message is the reason written to `quarantine.csv`.

    The message becomes part of the store: it must not hold file names, header texts or anything else that may identify
    a person.
    """


@dataclass(frozen=True)
class TableOptions:
    """How to read a table that lists images."""

    table: str = ""
    """Table in SOURCE that says what the images are, such as labels.csv, where several may be meant."""
    label_column: str = ""
    """Column of the table that holds the class; several, separated by commas, where each finding has a column of 0 and
    1."""
    patient_column: str = ""
    """Column of the table that holds the patient id."""
    path_column: str = ""
    """Column of the table that holds the names of the files."""
    map: str = ""
    """Classes by value of the label column, such as "COVID-19=covid,No Finding=normal": VALUE= leaves images out,
    *=CLASS is for all other values, blank=CLASS for empty fields. Values that are not named keep their own."""

    @property
    def states_table(self) -> bool:
        """Whether any option says how a table is to be read, so that there must be one."""
        return bool(self.table or self.label_column or self.patient_column or self.path_column or self.map)


@dataclass(frozen=True)
class ReadOptions(TableOptions):
    """How to read tables, volumes, DICOM series and 16-bit pictures."""

    plane: Literal["axial", "coronal", "sagittal"] = "axial"
    """Plane in which volumes are cut into slices."""
    slices: str = "all"
    """Slices to take from a volume: `all`, `middle`, `every:N`, or a range `A:B` in per cent, such as 20:80."""
    only_modality: str = ""
    """Read only DICOM files of this modality, such as CT."""
    only_series: str = ""
    """Read only DICOM series whose description, and other files whose name matches this regular expression
    (case-insensitive), such as flair."""
    levels: str = ""
    """What each level of folders is, from the top, such as split/class/patient: split, class, patient, study, series,
    or - for one that is not used. By default, worked out from their names and printed."""
    class_pattern: str = ""
    """Regular expression whose first group is the class, such as "(normal|pneumonia)". It is compared with paths below
    SOURCE, and goes before folders and tables."""
    masks: str = ""
    """Folder of masks of findings, such as lesions, that are named as their pictures."""
    anatomy: str = ""
    """Folder of masks of anatomy, such as lung fields, that are named as their pictures."""
    hu_offset: int | None = None
    """Declares that 16-bit pictures hold Hounsfield units plus this offset, such as 1024."""
    max_file_gib: float = 1.0
    """Most memory in GiB that reading one file may take; files that need more are refused. Large volumes, stacks and
    multi-frame files are read piece by piece, and need little."""
    max_file_seconds: float = 20.0
    """Most processor time in seconds for opening a file, and for each picture in it."""


@dataclass(frozen=True)
class Picture:
    """One decoded image with its metadata. Only `patient`, `patient_check` and `shared_ids` may identify a person.

    Attributes:
        pixels: Stored units, shape (H, W), C-contiguous; for the types see `Unit`.
        unit: Unit of the pixel values.
        coloured: Whether the file held true colour that was reduced to grey.
        spacing_mm: Row and column spacing; None where the file does not state it.
        modality: DICOM code, such as CT, MR, CR, DX; "" where unknown.
        view: `AP`, `PA`, `LL`, `RL`, `RLD`, `LLD`, `RLO` or `LLO` of a radiograph; `axial`, `coronal`, `sagittal` or
            `oblique` of a slice; "" if unknown.
        position_mm: Position of a slice along its normal.
        thickness_mm: Slice thickness.
        frame: Index of the picture in its file, from 0.
        label: Class, where the file itself states it (MedMNIST).
        split: `train`, `validation` or `test`, where the file itself states it (MedMNIST).
        patient: Patient id in the file; only its pseudonym is stored.
        patient_is_uid: Whether the patient id is the UID of the study, series or image, so that it names no person.
        patient_check: Digest of further data about the person in the file: two digests for one id raise an alarm.
        shared_ids: Digests of identifiers that no two patients can share, such as that of the study; "" if unknown.
        synthetic: Whether the file declares that it was generated.
        stack: Number of the volume that it is a slice of, where one file holds several.
        told_by: Attributes that tell this volume apart from the others of its file; "" if there are no others.
        pixel_aspect: Height of a pixel over its width where no spacing is stated.
        padded_px: Number of pixels below `PADDING_HU` in HU that count as padding although the file does not say so.
        clipped_px: Number of pixels above `HIGHEST_HU` that were clipped to it.
        body_part: Code of the examined part of the body; "" if unknown.
        corner_mm: Place of the centre of the first pixel in the patient, in DICOM's axes; () if unknown.
        cosines: Direction cosines of row and column in DICOM's axes; () if unknown.
        order: What orders the slices of its file: `position`, another attribute, or "" where nothing does.
        fault: Reason why it is not taken although it can be read; "" if there is none.
    """

    pixels: NDArray[np.generic]
    unit: Unit
    coloured: bool = False
    spacing_mm: tuple[float, float] | None = None
    modality: str = ""
    view: str = ""
    position_mm: float | None = None
    thickness_mm: float | None = None
    frame: int = 0
    label: str = ""
    split: str = ""
    patient: str = ""
    patient_is_uid: bool = False
    patient_check: str = ""
    shared_ids: tuple[str, ...] = ()
    synthetic: bool = False
    stack: int = 0
    told_by: str = ""
    order: str = "position"
    pixel_aspect: float = 1.0
    corner_mm: tuple[float, ...] = ()
    cosines: tuple[float, ...] = ()
    padded_px: int = 0
    clipped_px: int = 0
    body_part: str = ""
    fault: str = ""
