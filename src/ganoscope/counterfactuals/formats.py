"""Writes pictures in stored units: PNG with 8 or 16 bits, NIfTI for everything that has a place or a sign."""

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.counterfactuals.cases import Case
from ganoscope.data.affines import Affine
from ganoscope.data.writers._marks import save_marked

MARK = "SYNTHETIC: made by ganoscope from a patient's image. Treat it as patient data. For research use only."
DESCRIPTION = b"SYNTHETIC by ganoscope from a patient's image; research use only"
DIFFERENCE_OFFSET = 32768
"""PNG holds no negative values: differences are written as difference + 32768."""
SUFFIXES = {"png": ".png", "nifti": ".nii.gz"}


def save_pixels(
    path: Path, pixels: NDArray[np.generic], case: Case, affine: Affine | None, notes: Mapping[str, object]
) -> None:
    """Writes pixels in the case's unit and format; HU in PNG as HU + offset."""
    if case.form == "nifti":
        save_nifti(path, pixels, case, affine)
    elif case.source.unit == "HU":
        shifted = (pixels.astype(np.int32) + case.hu_offset).clip(0, 65535).astype(np.uint16)
        save_marked(path, shifted, {**notes, "unit": "HU", "offset": case.hu_offset}, MARK)
    else:
        save_marked(path, pixels, {**notes, "unit": case.source.unit}, MARK)


def save_difference(
    path: Path,
    pixels: NDArray[np.generic],
    case: Case,
    affine: Affine | None,
    notes: Mapping[str, object],
) -> None:
    """Writes pixels minus the source's, in the case's unit; in PNG as difference + 32768, with 16 bits."""
    source = case.source.pixels
    if source.dtype.kind == "f":
        difference: NDArray[np.generic] = (pixels.astype(np.float64) - source.astype(np.float64)).astype(np.float32)
    else:
        difference = pixels.astype(np.int32) - source.astype(np.int32)
    if case.form == "nifti":
        save_nifti(path, difference, case, affine)
        return
    shifted = (difference.astype(np.int32) + DIFFERENCE_OFFSET).clip(0, 65535).astype(np.uint16)
    save_marked(path, shifted, {**notes, "unit": case.source.unit, "offset": DIFFERENCE_OFFSET}, MARK)


def save_nifti(path: Path, pixels: NDArray[np.generic], case: Case, affine: Affine | None) -> None:
    """Writes one slice, compressed; the first axis counts columns. Without a place, only the spacing is stated.

    The same slice gives the same bytes: no time is written.
    """
    import nibabel.nifti1  # late, as all of nibabel: importing it takes a second

    image: Any = nibabel.nifti1.Nifti1Image(np.ascontiguousarray(pixels.T)[..., None], affine)
    rows, columns = case.source.spacing_mm or (1.0, 1.0)
    if affine is None:
        image.header.set_zooms((columns, rows, case.source.thickness_mm or 1.0))
    image.header.set_xyzt_units("mm" if case.source.spacing_mm else "unknown")
    image.header["descrip"] = DESCRIPTION
    path.write_bytes(gzip.compress(image.to_bytes(), 4, mtime=0))
