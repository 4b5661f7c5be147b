"""One NumPy file, laid out as MedMNIST's: `train_images` (N, H, W) and `train_labels` (N, 1), streamed.

`ganoscope prepare` reads it back. The class names are in `provenance.json`, in the order of their codes. A
single picture is the array `image` (H, W).

Source: J. Yang et al., MedMNIST v2, Scientific Data 10 (2023), https://doi.org/10.1038/s41597-022-01721-8.
"""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ganoscope.data.writers import Output, Stack, Write

NAME = "synthetic.npz"
SUFFIX = ".npz"
SEPARATE, SIGNED, PLACED = False, True, False


@contextmanager
def open_writer(folder: Path, stack: Stack) -> Iterator[Write]:
    """Yields the function that appends to `synthetic.npz`; the labels follow when all images are written."""
    codes = np.zeros((stack.number, 1), np.min_scalar_type(len(stack.classes)))
    dtype = np.dtype(stack.intensity.dtype)
    written = 0
    with zipfile.ZipFile(folder / NAME, "w") as archive:
        archive.comment = stack.mark.text.encode()
        with archive.open(make_member("train_images"), "w", force_zip64=True) as member:
            shape = (stack.number, stack.size, stack.size)
            header = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
            npy.write_array_header_1_0(member, header)

            def write(picture: Output, name: str, code: int) -> str:
                nonlocal written
                member.write(np.ascontiguousarray(picture.pixels).tobytes())
                codes[written] = code
                written += 1
                return ""

            yield write
        if stack.classes:
            add_array(archive, "train_labels", codes)


def save_picture(path: Path, picture: Output) -> None:
    """Writes a picture as the only array of an archive."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.comment = picture.mark.text.encode()
        add_array(archive, "image", picture.pixels)


def add_array(archive: zipfile.ZipFile, name: str, values: NDArray[np.generic]) -> None:
    """Adds an array to an archive.

    Args:
        archive: An archive that is open for writing.
        name: Name of the array.
        values: Array of any shape.
    """
    with archive.open(make_member(name), "w") as member:
        npy.write_array(member, values, allow_pickle=False)


def make_member(name: str) -> zipfile.ZipInfo:
    """Returns the entry of an array, with a fixed date: the same images give the same file."""
    info = zipfile.ZipInfo(f"{name}.npy")
    info.compress_type = zipfile.ZIP_DEFLATED
    return info
