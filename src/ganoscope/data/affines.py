"""Reads where a slice lies in the patient, so that a viewer shows what is written in the place of the original.

Source: NIfTI-1, https://nifti.nimh.nih.gov/nifti-1; DICOM PS3.3, C.7.6.2.1.1. The axes of DICOM point left and
back, those of NIfTI right and front.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.picture import Picture
from ganoscope.data.readers import nifti
from ganoscope.data.readers._content import tell_format
from ganoscope.data.readers._nifti_values import open_stream

Affine = NDArray[np.float64]
"""Maps indices of column, row and slice to mm towards right, front and head (RAS), shape (4, 4)."""


def find_affine(path: Path | None, picture: Picture, plane: str) -> Affine | None:
    """Returns the place of a slice that was read from a file; None where the file does not state it.

    Args:
        path: The file; None for an image of a store.
        picture: The slice.
        plane: Plane in which volumes are cut: `axial`, `coronal` or `sagittal`.
    """
    if path is None or picture.position_mm is None:
        return None
    if tell_format(path) == ".nii":
        return find_nifti_affine(path, picture.frame, plane)
    return find_dicom_affine(picture)


def find_nifti_affine(path: Path, index: int, plane: str) -> Affine | None:
    """Returns the place of a slice of a volume; None where the volume states no orientation.

    Args:
        path: The file.
        index: Number of the slice, from 0.
        plane: Plane in which the volume is cut.
    """
    with open_stream(path) as stream:
        layout = nifti.read_layout(stream)
    if not layout.oriented:
        return None
    affine = nifti.make_cut(layout, plane).affine[
        :, [1, 0, 2, 3]
    ]  # rows and columns change places: the first axis counts columns
    affine[:, 3] += index * affine[:, 2]
    return affine


def find_dicom_affine(picture: Picture) -> Affine | None:
    """Returns the place of a slice by its corner, directions and spacing; None where one of them is missing."""
    if not (picture.corner_mm and picture.cosines and picture.spacing_mm):
        return None
    columns, rows = np.array(picture.cosines[:3]), np.array(picture.cosines[3:])
    affine = np.eye(4)
    affine[:3, 0] = columns * picture.spacing_mm[1]
    affine[:3, 1] = rows * picture.spacing_mm[0]
    affine[:3, 2] = np.cross(columns, rows) * (picture.thickness_mm or 1.0)
    affine[:3, 3] = picture.corner_mm
    affine[:2] *= -1
    return affine
