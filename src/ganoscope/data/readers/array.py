"""Reads NumPy files: a picture or a stack of pictures in `.npy` or `.npz`, with labels and splits of MedMNIST files.

Pictures are read one by one, so a file may be larger than memory. Nothing is ever unpickled.

Source: J. Yang et al., MedMNIST v2, Scientific Data 10 (2023), https://doi.org/10.1038/s41597-022-01721-8.
"""

import errno
import math
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray
from PIL import Image

from ganoscope.data.file_limits import refuse_bomb, refuse_large
from ganoscope.data.picture import SYNTHETIC, Picture, ReadOptions, UnreadableError
from ganoscope.data.readers._raw_values import EIGHT_BIT, find_meaning, make_picture
from ganoscope.data.readers.raster import to_grey

SUFFIXES = (".npy", ".npz")

SPLITS = {"train": "train", "val": "validation", "test": "test"}
"""Names of the splits in MedMNIST, and ours."""

ORGANS = (
    "bladder",
    "femur-left",
    "femur-right",
    "heart",
    "kidney-left",
    "kidney-right",
    "liver",
    "lung-left",
    "lung-right",
    "pancreas",
    "spleen",
)
CLASSES = {
    "pneumoniamnist": ("normal", "pneumonia"),
    "breastmnist": ("malignant", "normal, benign"),
    "octmnist": ("choroidal neovascularization", "diabetic macular edema", "drusen", "normal"),
    "organamnist": ORGANS,
    "organcmnist": ORGANS,
    "organsmnist": ORGANS,
    "tissuemnist": (
        "Collecting Duct, Connecting Tubule",
        "Distal Convoluted Tubule",
        "Glomerular endothelial cells",
        "Interstitial endothelial cells",
        "Leukocytes",
        "Podocytes",
        "Proximal Tubule Segments",
        "Thick Ascending Limb",
    ),
}
"""Classes of the grey data sets with one label per picture, in the order of their numbers."""
MODALITIES = {
    "pneumoniamnist": "DX",
    "breastmnist": "US",
    "octmnist": "OPT",
    "organamnist": "CT",
    "organcmnist": "CT",
    "organsmnist": "CT",
}
VIEWS = {"organamnist": "axial", "organcmnist": "coronal", "organsmnist": "sagittal"}


@dataclass(frozen=True)
class Stack:
    """An array of pictures, as described by its header.

    Attributes:
        name: Name of the array in an `.npz` file; "" in an `.npy` file.
        shape: Number, height and width of the pictures.
        channels: 1, or 3 in colour.
        dtype: Data type in the file.
        columns_first: Whether the array is stored in Fortran order.
        labels: One label per picture, or none.
        split: `train`, `validation`, `test` or "".
    """

    name: str
    shape: tuple[int, int, int]
    channels: int
    dtype: np.dtype[Any]
    columns_first: bool
    labels: tuple[str, ...] = ()
    split: str = ""


def read(path: Path, options: ReadOptions) -> Iterator[Picture]:
    """Yields the pictures in the order of the file: grey values of 8 and 16 bits, else a signal or HU.

    An `.npy` file holds a picture (H, W), or (H, W, 3) in colour, or a stack of them. An `.npz` file holds one such
    array, or `images` and optionally `labels`, or the MedMNIST arrays `train_images`, `train_labels`, `val_images` etc.

    Raises:
        UnreadableError: The file is damaged, truncated or a decompression bomb, holds pickled objects, several labels
            per picture or non-finite values, or its values can't be HU although `hu_offset` declares them.
        OSError: The system can't read the file.
    """
    known = find_set(path.name)
    number = 0
    try:
        synthetic = is_synthetic(path)
        for stack in list_stacks(path, options):
            for index, pixels in enumerate(iterate_pixels(path, stack)):
                picture = to_picture(pixels, options)
                yield replace(
                    picture,
                    frame=number,
                    label=stack.labels[index] if stack.labels else "",
                    split=stack.split,
                    modality=MODALITIES.get(known, ""),
                    view=VIEWS.get(known, ""),
                    synthetic=synthetic,
                )
                number += 1
    except (UnreadableError, MemoryError):
        raise
    except Exception as error:  # damaged archives raise anything: BadZipFile, zlib.error, RuntimeError, ...
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):  # EINVAL: an impossible place in it
            raise
        raise UnreadableError(f"corrupt or truncated ({type(error).__name__})") from None  # its text may hold names


def find_set(name: str) -> str:
    """Returns the MedMNIST data set that a file name states; "" if there is none.

    Example:
        >>> find_set("pneumoniamnist_128.npz"), find_set("BreastMNIST.npz"), find_set("pneumonia.npz")
        ('pneumoniamnist', 'breastmnist', '')
    """
    match = re.fullmatch(r"([a-z]+mnist)(?:_\d+)?\.npz", name.lower())
    return match[1] if match and match[1] in CLASSES else ""


def list_names(path: Path) -> list[str]:
    """Returns the names of the arrays in an `.npz` file.

    Raises:
        UnreadableError: The file is not a NumPy archive.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError):
        raise UnreadableError("the content is no NumPy archive, or it is truncated") from None


def is_synthetic(path: Path) -> bool:
    """Tells whether the comment of an archive declares that its pictures were generated."""
    if path.suffix.lower() != ".npz" or not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return archive.comment.startswith(SYNTHETIC.encode())


def is_medmnist(names: list[str]) -> bool:
    """Tells whether these array names are those of a MedMNIST file."""
    return any(f"{split}_images" in names for split in SPLITS)


def list_stacks(path: Path, options: ReadOptions) -> list[Stack]:
    """Returns the stacks of pictures in a file with their labels; no pixels are read.

    Raises:
        UnreadableError: It is unclear which arrays are pictures, labels and pictures do not match, or an array is
            larger than the options allow.
    """
    if path.suffix.lower() == ".npy":
        stacks = [read_stack(path, "")]
    elif is_medmnist(names := list_names(path)):
        present = [split for split in SPLITS if {f"{split}_images", f"{split}_labels"} & set(names)]
        stacks = [read_labelled(path, f"{split}_images", f"{split}_labels", names, SPLITS[split]) for split in present]
    elif "images" in names and set(names) <= {"images", "labels"}:
        stacks = [read_labelled(path, "images", "labels", names, "")]
    elif len(names) == 1:
        stacks = [read_stack(path, names[0])]
    else:
        raise UnreadableError(
            f"{len(names)} arrays, and which are pictures is unclear; allowed: one array, or `images` and `labels`, or "
            "MedMNIST's `train_images`, `train_labels`, `val_images` and so on"
        )
    refuse_sizes(path, stacks, options)
    return stacks


def refuse_sizes(path: Path, stacks: list[Stack], options: ReadOptions) -> None:
    """Refuses stacks of which one picture, or the whole array in Fortran order, is larger than the options allow.

    Args:
        path: File.
        stacks: Its stacks.
        options: Reading options, which hold the limits.

    Raises:
        UnreadableError: One is, or the file is a decompression bomb.
    """
    sizes = [stack.channels * stack.dtype.itemsize for stack in stacks]
    for stack, held in zip(stacks, sizes, strict=True):
        refuse_large(math.prod(stack.shape[0 if stack.columns_first else 1 :]), held, options)
    unpacked = sum(math.prod(stack.shape) * held for stack, held in zip(stacks, sizes, strict=True))
    refuse_bomb(unpacked, path.stat().st_size, options)


def read_labelled(path: Path, images: str, labels: str, names: list[str], split: str) -> Stack:
    """Returns a stack with its labels.

    Args:
        path: File.
        images: Name of the array of pictures.
        labels: Name of the array of labels.
        names: Names of all arrays in the file.
        split: Split of the pictures.

    Raises:
        UnreadableError: There are labels without pictures.
    """
    if images not in names:
        raise UnreadableError(f"labels without images in {split or 'the file'}")
    stack = replace(read_stack(path, images), split=split)
    return replace(stack, labels=read_labels(path, labels, stack.shape[0])) if labels in names else stack


@contextmanager
def open_array(path: Path, name: str) -> Iterator[tuple[IO[bytes], int]]:
    """Yields the bytes of an array and their number."""
    if not name:
        with path.open("rb") as file:
            yield file, path.stat().st_size
        return
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(f"{name}.npy")
        with archive.open(info) as member:
            yield member, info.file_size


def read_array_header(stream: IO[bytes], size: int) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Reads a header and returns shape, whether the order is Fortran's, and data type of the array.

    Raises:
        UnreadableError: The header is damaged, states objects, or does not fit the size.
    """
    try:
        version = npy.read_magic(stream)
        readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
        shape, columns_first, dtype = readers[version](stream)
    except KeyError:
        raise UnreadableError("arrays of named fields are no pictures") from None
    except (ValueError, MemoryError, RecursionError):  # the latter two of the parser, at deep nesting
        raise UnreadableError("the content is no NumPy array, or its header is damaged") from None
    if dtype.hasobject:
        raise UnreadableError("the array holds Python objects; nothing is unpickled: it could execute code")
    expected, actual = math.prod(shape) * dtype.itemsize, size - stream.tell()
    if actual < expected:
        raise UnreadableError(f"truncated: {actual} of {expected} bytes of values are there")
    if actual > expected or not expected:
        raise UnreadableError("damaged header: it does not fit the size of the array")
    return shape, columns_first, dtype


def read_stack(path: Path, name: str) -> Stack:
    """Returns the stack described by the header of an array.

    Raises:
        UnreadableError: The array can't hold pictures.
    """
    with open_array(path, name) as (stream, size):
        shape, columns_first, dtype = read_array_header(stream, size)
    if dtype.kind not in "iuf" or dtype.itemsize > 8:
        raise UnreadableError("values of this type are no grey values; allowed: integers, and floats of up to 64 bits")
    channels = 1
    if len(shape) == 4 and shape[3] == 1:
        shape = shape[:3]
    elif dtype == np.uint8 and len(shape) in (3, 4) and shape[-1] == 3:
        shape, channels = shape[:-1], 3
    if len(shape) == 2:
        shape = (1, *shape)
    if len(shape) != 3:
        raise UnreadableError(
            f"an array of {len(shape)} dimensions; allowed: (H, W), (H, W, 3), (N, H, W), (N, H, W, 3); 3 channels "
            "are colour of 8 bits"
        )
    count, height, width = shape
    return Stack(name, (count, height, width), channels, dtype, columns_first)


def read_labels(path: Path, name: str, count: int) -> tuple[str, ...]:
    """Returns the label of every picture: its class in the MedMNIST table, or `class` and its number.

    Args:
        path: File.
        name: Name of the array of labels.
        count: Number of pictures.

    Raises:
        UnreadableError: There are several labels per picture, more or fewer than pictures, or they are not class
            numbers.
    """
    with open_array(path, name) as (stream, size):
        shape, _, dtype = read_array_header(stream, size)
        if len(shape) > 1 and math.prod(shape[1:]) > 1:
            raise UnreadableError(
                f"{math.prod(shape[1:])} labels per picture; one is supported: choose a finding, or save the pictures "
                "in class folders"
            )
        if dtype.kind not in "iu":
            raise UnreadableError("labels that are no whole numbers")
        if math.prod(shape) != count:
            raise UnreadableError(f"{math.prod(shape)} labels for {count} pictures")
        values = np.frombuffer(stream.read(), dtype).tolist()
    known = CLASSES.get(find_set(path.name), ())
    if min(values) < 0 or (known and max(values) >= len(known)):
        raise UnreadableError("labels that are no class of this data set")
    return tuple(known[value] if known else f"class {value}" for value in values)


def iterate_pixels(path: Path, stack: Stack) -> Iterator[NDArray[Any]]:
    """Yields the pictures of a stack, (H, W) or (H, W, 3), one by one; Fortran order is read as a whole."""
    count, height, width = stack.shape
    shape = (height, width, 3)[: 2 if stack.channels == 1 else 3]
    with open_array(path, stack.name) as (stream, size):
        read_array_header(stream, size)
        if stack.columns_first:
            values = np.frombuffer(stream.read(), stack.dtype)
            yield from values.reshape((count, *shape), order="F")
            return
        length = math.prod(shape) * stack.dtype.itemsize
        for _ in range(count):
            yield np.frombuffer(stream.read(length), stack.dtype).reshape(shape)
        stream.read(1)  # the checksum


def to_picture(pixels: NDArray[Any], options: ReadOptions) -> Picture:
    """Returns an array, shape (H, W) or (H, W, 3), as a picture in its unit.

    Raises:
        UnreadableError: 8-bit values are declared to be HU, or values can't be HU although declared.
    """
    native = pixels.astype(pixels.dtype.newbyteorder("="), order="C", copy=True)
    if native.dtype == np.uint8 and options.hu_offset is not None:
        raise UnreadableError(EIGHT_BIT)
    if native.ndim == 3:
        grey, coloured = to_grey(Image.fromarray(native))
        return Picture(grey, "grey 8 bit", coloured)
    if native.dtype == np.uint8 or (native.dtype == np.uint16 and options.hu_offset is None):
        return Picture(native, "grey 8 bit" if native.dtype == np.uint8 else "grey 16 bit")
    meaning = find_meaning([native], options.hu_offset)
    return make_picture(native, meaning)
