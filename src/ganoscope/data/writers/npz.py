"""NumPy: one `.npz` file with MedMNIST's arrays, `train_images` (N, H, W) and `train_labels` (N, 1), streamed.

`ganoscope prepare` reads it back. The names of the classes stand in `provenance.json`, in the order of their codes.

Source: J. Yang et al., MedMNIST v2, Scientific Data 10 (2023), https://doi.org/10.1038/s41597-022-01721-8.
"""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ganoscope.data.writers import Stack, Write
from ganoscope.data.writers._marks import MARK

NAME = "synthetic.npz"


@contextmanager
def open_writer(folder: Path, stack: Stack) -> Iterator[Write]:
    """Yields the function that appends to `synthetic.npz`; the labels follow when all images are written."""
    codes = np.zeros((stack.number, 1), np.min_scalar_type(len(stack.classes)))
    dtype = np.dtype(stack.intensity.dtype)
    written = 0
    with zipfile.ZipFile(folder / NAME, "w") as archive:
        archive.comment = MARK.encode()
        with archive.open(make_member("train_images"), "w", force_zip64=True) as member:
            shape = (stack.number, stack.size, stack.size)
            header = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
            npy.write_array_header_1_0(member, header)

            def write(pixels: NDArray[np.generic], row: dict[str, object], code: int) -> str:
                nonlocal written
                member.write(np.ascontiguousarray(pixels).tobytes())
                codes[written] = code
                written += 1
                return ""

            yield write
        if stack.classes:
            with archive.open(make_member("train_labels"), "w") as member:
                npy.write_array(member, codes, allow_pickle=False)


def make_member(name: str) -> zipfile.ZipInfo:
    """Returns the entry of an array, with a fixed date: the same images give the same file."""
    info = zipfile.ZipInfo(f"{name}.npy")
    info.compress_type = zipfile.ZIP_DEFLATED
    return info
