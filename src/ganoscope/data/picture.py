"""A decoded picture, and what a user may say about how files are read."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Unit = Literal["grey 8 bit", "grey 16 bit", "HU", "signal"]
"""What pixels mean: display grey values (uint8, uint16), Hounsfield units (int16), or a signal on the file's own scale
(MR, CR, DX, float maps: uint16, int16 or float32), which is mapped to 16 bits per image or per series."""


PADDING_HU = -2048
"""Stored in a HU picture where the scanner measured nothing: below everything real, so that it can be masked."""


MAX_PIXELS = 1 << 28
"""Most pixels that one file may hold, over all its frames: beyond it lies damage, or a decompression bomb."""


SYNTHETIC = "SYNTHETIC"
"""How the description of a generated image begins: in PNG's text, in NIfTI's header, in an archive's comment."""


class UnreadableError(Exception):
    """A file that is not taken; its message is the reason that goes into `quarantine.csv`.

    The message enters the store: it must not hold file names, header texts or anything else that may name a person.
    """


@dataclass(frozen=True)
class ReadOptions:
    """What to take out of files that hold more than one plain picture."""

    plane: Literal["axial", "coronal", "sagittal"] = "axial"
    """Plane in which volumes are cut into slices."""
    slices: str = "all"
    """Slices of a volume: `all`, `middle`, `every:N`, or `A:B` for a range in per cent of the volume, such as 20:80."""
    only_modality: str = ""
    """Take only DICOM files of this modality, such as CT."""
    only_series: str = ""
    """Take only DICOM series whose description matches this regular expression (upper and lower case are alike)."""
    hu_offset: int | None = None
    """States that 16-bit pictures hold Hounsfield units plus this offset, such as 1024."""


@dataclass(frozen=True)
class Picture:
    """One decoded image, and what is known about it. Nothing here but `patient` and `patient_check` names a person.

    Attributes:
        pixels: Stored units, shape (H, W), C-contiguous; types as `Unit` says.
        unit: What the values mean.
        coloured: The file held true colour that was reduced to grey.
        spacing_mm: Row and column spacing, where the file states it.
        modality: DICOM's code, such as CT, MR, CR, DX; "" where unknown.
        view: `AP`, `PA`, `LL`, `RL`, `RLD`, `LLD`, `RLO` or `LLO` of a radiograph; `axial`, `coronal`, `sagittal` or
            `oblique` of a slice; "" if unknown.
        position_mm: Of a slice, along its normal.
        thickness_mm: Of a slice.
        frame: Number of the picture in its file, from 0.
        label: Class, where the file itself states it (MedMNIST).
        split: `train`, `validation` or `test`, where the file itself states it (MedMNIST).
        patient: Patient id in the file; never stored, only its pseudonym is.
        patient_check: Digest of what else the file says about the person: two of them under one id are an alarm.
        synthetic: Whether the file says of itself that it was generated.
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
    patient_check: str = ""
    synthetic: bool = False
