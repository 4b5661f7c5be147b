"""NIfTI: one stack of unrelated images along the third axis, compressed and streamed, in stored units (HU for CT).

The first axis counts columns and the second rows, as viewers expect. No orientation is stated: which way a generated
picture lies in a body is not known, and the images are not slices of one body. `ganoscope prepare` would take the stack
for one patient's volume, which it never divides: prepare a store from the other formats.

Source: NIfTI-1 and NIfTI-2 data format, https://nifti.nimh.nih.gov/nifti-1
"""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.writers import Stack, Write

NAME = "synthetic.nii.gz"
DESCRIPTION = b"SYNTHETIC images by ganoscope, not a patient; slices are unrelated"
MOST_IN_NIFTI_1 = (1 << 15) - 1
"""Longest axis of the first version; the second is taken beyond."""


@contextmanager
def open_writer(folder: Path, stack: Stack) -> Iterator[Write]:
    """Yields the function that appends to `synthetic.nii.gz`."""
    with (
        (folder / NAME).open("wb") as file,
        gzip.GzipFile("", "wb", 4, file, mtime=0) as stream,  # no name and date: the same images give the same file
    ):
        stream.write(make_header(stack))

        def write(pixels: NDArray[np.generic], row: dict[str, object], code: int) -> str:
            stream.write(np.ascontiguousarray(pixels).tobytes())
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
    header["descrip"] = DESCRIPTION
    rows, columns = stack.spacing_mm or (1.0, 1.0)
    header["pixdim"][1:4] = columns, rows, 1.0
    header.set_xyzt_units("mm" if stack.spacing_mm else "unknown")
    return bytes(header.binaryblock) + bytes(4)
