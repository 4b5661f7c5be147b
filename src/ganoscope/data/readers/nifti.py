"""Reads NIfTI volumes as slices in radiological orientation, whatever the orientation in which they are stored.

Slices are ordered by their position along the same normal as in DICOM.

Units: NIfTI does not state the unit of values, and ganoscope does not guess: they are HU if the user declares it
(`hu_offset`, 0 for plain HU), else a signal. A volume without sform and qform code has no orientation; it is read as
stored, with an unknown view, since much challenge data is like that and can still be used where laterality does not
matter: it can only be cut along its stored third axis.

Source: NIfTI-1 and NIfTI-2 data format, https://nifti.nimh.nih.gov/nifti-1; DICOM PS3.3, C.7.6.2.1.1 (axes and normal).
"""

import gzip
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.dicom.attributes import name_plane
from ganoscope.data.file_limits import refuse_bomb, refuse_large
from ganoscope.data.geometry.volumes import select_slices
from ganoscope.data.picture import SYNTHETIC, Picture, ReadOptions, UnreadableError
from ganoscope.data.readers._nifti_values import Layout, is_packed, open_stream, open_volume, refuse_length
from ganoscope.data.readers._raw_values import find_meaning, make_picture

SUFFIXES = (".nii", ".nii.gz")

HEADER_BYTES = {348: b"n+1\0", 540: b"n+2\0"}
"""Header length of each version, and the start of its magic string."""
LARGEST_OFFSET = 1 << 26
"""Largest offset of the values in bytes: extensions before them are skipped, which is slow in a compressed file."""

DISPLAY = {"axial": "PLS", "coronal": "ILP", "sagittal": "IPR"}
"""Directions of increasing row, column and slice index: the patient's right is on the left of the image, the front is
up in axial slices and left in sagittal ones, the head is up in the others."""
MM_OF_UNIT = {"meter": 1000.0, "mm": 1.0, "micron": 0.001, "unknown": 1.0}
LABEL_INTENT = 1002


def read(path: Path, options: ReadOptions, labels: bool = False) -> Iterator[Picture]:
    """Yields the slices of a volume in the requested plane.

    Args:
        path: File.
        options: Plane, slices and unit.
        labels: Whether a label map, by its intent code, is wanted.

    Raises:
        UnreadableError: The file is damaged, truncated, a time series or a decompression bomb, holds colours, complex
            or non-finite values, has a contradictory orientation, or its values can't be HU although declared.
    """
    try:
        with open_stream(path) as stream:
            layout = read_layout(stream, labels)
            refuse_sizes(path, layout, options)
            volume = open_volume(path, stream, layout, options)
        if not layout.oriented and options.plane != "axial":
            raise UnreadableError("it states no orientation: it can only be cut as it is stored (--plane axial)")
        meaning = find_meaning((rescale(plane, layout) for plane in volume.iterate_planes()), options.hu_offset)
        cut = make_cut(layout, options.plane)
        chosen = select_slices(options.slices, cut.count)
        for index, stored in zip(chosen, volume.iterate_slices(cut.axis, [cut.find(n) for n in chosen]), strict=True):
            values = rescale(cut.turn(stored), layout)
            known = describe(cut.affine, index, layout.oriented)
            yield make_picture(values, meaning, frame=index, synthetic=layout.synthetic, **known)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise UnreadableError("corrupt or truncated: the compressed data can't be unpacked") from None


def refuse_sizes(path: Path, layout: Layout, options: ReadOptions) -> None:
    """Refuses a volume that is cut off, of which one slice is larger than the options allow, and decompression bombs.

    Args:
        path: File.
        layout: Layout of the values.
        options: Reading options, which hold the limits.

    Raises:
        UnreadableError: It is.
    """
    if not is_packed(path):
        refuse_length(path.stat().st_size - layout.offset, layout.size)
    first, second, third = layout.shape
    refuse_large(max(first * second, second * third, first * third), layout.dtype.itemsize, options)
    refuse_bomb(layout.size, path.stat().st_size, options)


def read_layout(stream: BinaryIO, labels: bool = False) -> Layout:
    """Returns the layout stated by the header; label maps are refused unless `labels` are wanted.

    Raises:
        UnreadableError: The header is damaged, or the file is not a volume of real values.
    """
    header = read_header(stream)
    try:
        shape, dtype = header.get_data_shape(), header.get_data_dtype()
        offset, intent = int(header["vox_offset"]), int(header["intent_code"])
        synthetic = bytes(header["descrip"]).startswith(SYNTHETIC.encode())
        slope, intercept = (float(header[name]) for name in ("scl_slope", "scl_inter"))
    except Exception:  # damaged headers raise anything
        raise UnreadableError("damaged header: shape, type or place of the values can't be read") from None
    if intent == LABEL_INTENT and not labels:
        raise UnreadableError("a label map, by its intent code, is no image of anatomy")
    refuse_type(dtype)
    if not len(header.binaryblock) <= offset <= LARGEST_OFFSET:
        raise UnreadableError("damaged header: the place of the values is impossible")
    if slope == 0 or not math.isfinite(slope):  # by definition of the format: values are not scaled
        slope, intercept = 1.0, 0.0
    if not math.isfinite(intercept):
        raise UnreadableError("damaged header: the intercept is no number")
    return Layout(read_shape(shape), dtype, offset, (slope, intercept), *read_affine(header), synthetic)


def read_header(stream: BinaryIO) -> Any:
    """Returns the header of a single-file NIfTI volume; nothing beyond it is read.

    Raises:
        UnreadableError: The file is not a single-file NIfTI volume, or is truncated.
    """
    import nibabel.nifti2  # imported late: nibabel takes a second

    start = stream.read(4)
    order = "little" if int.from_bytes(start, "little") in HEADER_BYTES else "big"
    size = int.from_bytes(start, cast(Any, order))
    if len(start) < 4 or size not in HEADER_BYTES:
        raise UnreadableError("the content is no NIfTI volume")
    block = start + stream.read(size - 4)
    if len(block) < size:
        raise UnreadableError("truncated: the header is not whole")
    mark = block[4:8] if size == 540 else block[344:348]
    if mark != HEADER_BYTES[size]:
        raise UnreadableError("no NIfTI file of header and values in one (Analyze, or a pair of files)")
    kind: Any = nibabel.nifti1.Nifti1Header if size == 348 else nibabel.nifti2.Nifti2Header
    return kind(block, endianness="<" if order == "little" else ">", check=False)


def refuse_type(dtype: np.dtype[Any]) -> None:
    """Refuses values that are not real numbers of up to 64 bits.

    Raises:
        UnreadableError: They are not.
    """
    if dtype.kind == "c":
        raise UnreadableError("complex values have no defined grey value; save magnitude or phase")
    if dtype.fields is not None:
        raise UnreadableError("RGB voxels are no measured values; save one channel")
    if dtype.kind not in "iuf" or dtype.itemsize > 8:
        raise UnreadableError("values of this type are not supported; save them as int16 or float32")


def read_shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Returns the three sizes of the volume.

    Raises:
        UnreadableError: There are no voxels, or several volumes.
    """
    sizes = [int(size) for size in shape]
    if not sizes or min(sizes) < 1:
        raise UnreadableError("damaged header: it states a volume without voxels")
    if math.prod(sizes[3:]) > 1:
        raise UnreadableError(
            f"{math.prod(sizes[3:])} volumes in one file (time points, contrasts or directions); split it into one "
            "file per volume and choose what you need"
        )
    first, second, third = (*sizes, 1, 1)[:3]
    return first, second, third


def read_affine(header: Any) -> tuple[NDArray[np.float64], bool]:
    """Returns the affine from voxel indices to mm in RAS, shape (4, 4), and whether the file states it.

    Raises:
        UnreadableError: The affine can't be inverted, or sform and qform name different axes.
    """
    try:
        sform, qform = (header.get_sform(coded=True)[0], header.get_qform(coded=True)[0])
        unit = MM_OF_UNIT[header.get_xyzt_units()[0]]
        sizes = np.abs([float(size) for size in header["pixdim"][1:4]])
    except Exception:  # damaged headers raise anything
        raise UnreadableError("damaged header: orientation or voxel sizes can't be read") from None
    if sform is None and qform is None:
        affine = np.diag([-sizes[0], -sizes[1], sizes[2], 1.0])  # shown as stored: first axis right, second axis down
    else:
        affine = np.array(qform if sform is None else sform, np.float64)
    if not np.isfinite(affine).all() or abs(np.linalg.det(unit_axes(affine))) < 1e-3:
        raise UnreadableError("damaged header: the axes or voxel sizes are impossible")
    if sform is not None and qform is not None and name_axes(sform) != name_axes(qform):
        raise UnreadableError(
            "sform and qform name different axes: left and right, or the planes, are uncertain; correct the header"
        )
    affine[:3] *= unit
    return affine, sform is not None or qform is not None


def unit_axes(affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns unit vectors of the three axes as columns, shape (3, 3); zeros for an axis without length."""
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    return affine[:3, :3] / np.where(lengths > 0, lengths, 1)


def name_axes(affine: NDArray[np.float64]) -> tuple[str | None, ...]:
    """Returns the directions of the axes of an affine, shape (4, 4), such as ("L", "P", "S")."""
    import nibabel.orientations

    orientations: Any = nibabel.orientations  # untyped
    return tuple(orientations.aff2axcodes(affine))


def rescale(values: NDArray[Any], layout: Layout) -> NDArray[Any]:
    """Returns values, same shape, after slope and intercept of the file; unchanged if it states none."""
    slope, intercept = layout.scale
    return values if layout.scale == (1.0, 0.0) else values.astype(np.float64) * slope + intercept


@dataclass(frozen=True)
class Cut:
    """How stored slices become slices with axes row and column in the order of their position.

    Attributes:
        axis: Stored axis along which the volume is cut.
        count: Number of slices.
        reverse: Whether the stored order is the reverse.
        transpose: Whether the first stored axis of a slice is its columns.
        mirror: Whether rows and columns are reversed.
        affine: Map from row, column and slice index to mm in RAS, shape (4, 4).
    """

    axis: int
    count: int
    reverse: bool
    transpose: bool
    mirror: tuple[bool, bool]
    affine: NDArray[np.float64]

    def find(self, index: int) -> int:
        """Returns the stored index of a slice."""
        return self.count - 1 - index if self.reverse else index

    def turn(self, stored: NDArray[Any]) -> NDArray[Any]:
        """Returns a view of a stored slice, shape (H, W), with axes row and column."""
        turned = stored.T if self.transpose else stored
        return turned[:: -1 if self.mirror[0] else 1, :: -1 if self.mirror[1] else 1]


def make_cut(layout: Layout, plane: str) -> Cut:
    """Returns how the volume is cut into slices of a plane."""
    import nibabel.orientations

    orientations: Any = nibabel.orientations  # untyped
    wanted = orientations.axcodes2ornt(tuple(DISPLAY[plane]))
    turn = orientations.ornt_transform(orientations.io_orientation(layout.affine), wanted)
    rows, columns, axis = (int(np.flatnonzero(turn[:, 0] == number)[0]) for number in range(3))
    reverse = [bool(turn[number, 1] < 0) for number in (rows, columns, axis)]
    affine = layout.affine @ orientations.inv_ornt_aff(turn, layout.shape)
    return Cut(axis, layout.shape[axis], reverse[2], rows > columns, (reverse[0], reverse[1]), affine)


def describe(affine: NDArray[np.float64], index: int, oriented: bool) -> dict[str, Any]:
    """Returns spacing, view, position and thickness of a slice.

    Args:
        affine: Map from row, column and slice index to mm in RAS, shape (4, 4).
        index: Index of the slice.
        oriented: Whether the axes are those of the patient.
    """
    rows, columns, slices = affine[:3, :3].T
    normal = np.cross(columns, rows)
    normal /= np.linalg.norm(normal)
    return {
        "spacing_mm": (float(np.linalg.norm(rows)), float(np.linalg.norm(columns))),
        "view": name_plane(tuple(float(part) for part in normal)) if oriented else "",
        "position_mm": float((affine[:3, 3] + index * slices) @ normal),
        "thickness_mm": float(abs(slices @ normal)),
    }
