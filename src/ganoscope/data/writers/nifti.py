"""One stack of unrelated images along the third axis, `.nii.gz`, in stored units (HU for CT).

The first axis counts columns and the second rows, as viewers expect. A stack states no orientation: the orientation of
a generated picture in a body is not known, and the images are not slices of one body. `ganoscope prepare` would take
the stack for one patient's volume, which it never divides: prepare a store from the other formats. A single picture is
a volume of one slice, at its place in the patient where that is known.

Source: NIfTI-1 and NIfTI-2 data format, https://nifti.nimh.nih.gov/nifti-1
"""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ganoscope.data.writers import Output, Stack, Write

NAME = "synthetic.nii.gz"
SUFFIX = ".nii.gz"
SEPARATE, SIGNED, PLACED = False, True, True
COMPRESSION = 4
"""Level of gzip. No file name and no date are written: the same images give the same bytes."""
MOST_IN_NIFTI_1 = (1 << 15) - 1
"""Longest axis of NIfTI-1; longer stacks are written as NIfTI-2."""


@contextmanager
def open_writer(folder: Path, stack: Stack) -> Iterator[Write]:
    """Yields the function that appends to `synthetic.nii.gz`."""
    with (
        (folder / NAME).open("wb") as file,
        gzip.GzipFile("", "wb", COMPRESSION, file, mtime=0) as stream,
    ):
        stream.write(make_header(stack))

        def write(picture: Output, name: str, code: int) -> str:
            stream.write(np.ascontiguousarray(picture.pixels).tobytes())
            return ""

        yield write


def make_header(stack: Stack) -> bytes:
    """Returns the header of the stack, with the empty extension block that follows it in a single file."""
    import nibabel.nifti2  # late, as all of nibabel: importing it takes a second

    large = stack.number > MOST_IN_NIFTI_1
    header: Any = nibabel.nifti2.Nifti2Header() if large else nibabel.nifti1.Nifti1Header()
    header.set_data_dtype(np.dtype(stack.intensity.dtype))
    header.set_data_shape((stack.size, stack.size, stack.number))
    header["magic"] = b"n+2\0\r\n\x1a\n" if large else b"n+1"
    header["vox_offset"] = len(header.binaryblock) + 4
    header["scl_slope"], header["scl_inter"] = 1, 0
    header["descrip"] = stack.mark.short
    rows, columns = stack.spacing_mm or (1.0, 1.0)
    header["pixdim"][1:4] = columns, rows, 1.0
    header.set_xyzt_units("mm" if stack.spacing_mm else "unknown")
    return bytes(header.binaryblock) + bytes(4)


def save_picture(path: Path, picture: Output) -> None:
    """Writes one slice; without a place in the patient, only its spacing is stated."""
    import nibabel.nifti1  # late, see above

    image: Any = nibabel.nifti1.Nifti1Image(np.ascontiguousarray(picture.pixels.T)[..., None], picture.affine)
    rows, columns = picture.spacing_mm or (1.0, 1.0)
    if picture.affine is None:
        image.header.set_zooms((columns, rows, picture.thickness_mm or 1.0))
    image.header.set_xyzt_units("mm" if picture.spacing_mm else "unknown")
    image.header["descrip"] = picture.mark.short
    path.write_bytes(gzip.compress(image.to_bytes(), COMPRESSION, mtime=0))
