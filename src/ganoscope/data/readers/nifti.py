"""NIfTI volumes, cut into slices as radiologists look at them, whatever the orientation in which they are stored.

The slices come in the order of their position, which is along the same normal as in DICOM.

Units: NIfTI does not state what values mean, and ganoscope does not guess: they are HU where the user says so
(`hu_offset`, 0 for plain HU), else a signal. A volume without sform and qform code states no orientation; it is taken
as stored, with an unknown view, since much challenge data is like that and can still be used where laterality does
not matter: only its stored (third) axis can be cut.

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
from ganoscope.data.geometry.volumes import select_slices
from ganoscope.data.picture import MAX_PIXELS, SYNTHETIC, Picture, ReadOptions, UnreadableError
from ganoscope.data.readers._raw_values import convert, find_meaning

SUFFIXES = (".nii", ".nii.gz")

GZIP = b"\x1f\x8b"
HEADER_BYTES = {348: b"n+1\0", 540: b"n+2\0"}
"""Length of the header of each version, and how its mark begins."""
LARGEST_OFFSET = 1 << 26
"""Of the values in the file: extensions before them are skipped, and take time in a compressed file."""
BLOCK_BYTES = 1 << 24

DISPLAY = {"axial": "PLS", "coronal": "ILP", "sagittal": "IPR"}
"""Where row number, column number and slice number grow to: the patient's right is on the image's left, the front is up
in axial slices and on the left in sagittal ones, the head is up in the others."""
MM_OF_UNIT = {"meter": 1000.0, "mm": 1.0, "micron": 0.001, "unknown": 1.0}
LABEL_INTENT = 1002


@dataclass(frozen=True)
class Layout:
    """What a header says about the values; sound as far as it alone can tell.

    Attributes:
        shape: Of the volume, three numbers.
        dtype: Type in the file.
        offset: Of the values in the file, in bytes.
        scale: Slope and intercept.
        affine: Voxel number to mm in RAS, (4, 4).
        oriented: Whether the file states an orientation.
        synthetic: Whether it says that it was generated.
    """

    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    offset: int
    scale: tuple[float, float]
    affine: NDArray[np.float64]
    oriented: bool
    synthetic: bool


def read(path: Path, options: ReadOptions) -> Iterator[Picture]:
    """Yields the slices of a volume in the plane asked for.

    Raises:
        UnreadableError: Damaged or truncated, a time series, colour, complex or not finite values, a decompression
            bomb, contradictory orientation, or values that can't be HU although `hu_offset` says so.
    """
    try:
        with open_stream(path) as stream:
            layout = read_layout(stream)
            stored = read_values(path, stream, layout)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise UnreadableError("corrupt or truncated: the compressed data can't be unpacked") from None
    if not layout.oriented and options.plane != "axial":
        raise UnreadableError("it states no orientation: it can only be cut as it is stored (--plane axial)")
    meaning = find_meaning((rescale(stored[..., k], layout) for k in range(stored.shape[2])), options.hu_offset)
    volume, affine = orient(stored, layout, options.plane)
    for index in select_slices(options.slices, volume.shape[2]):
        pixels = convert(rescale(volume[..., index], layout), meaning)
        known = describe(affine, index, layout.oriented)
        yield Picture(pixels, meaning.unit, frame=index, synthetic=layout.synthetic, **known)


def open_stream(path: Path) -> BinaryIO:
    """Returns the file's content, unpacked where the name says that it is compressed."""
    packed = is_packed(path)
    with path.open("rb") as file:
        if (file.read(2) == GZIP) is not packed:
            raise UnreadableError(f"wrong extension: the content is {'not ' if packed else ''}compressed by gzip")
    return cast(BinaryIO, gzip.open(path) if packed else path.open("rb"))


def is_packed(path: Path) -> bool:
    """Tells whether the name says that the content is compressed."""
    return path.name.lower().endswith(".gz")


def read_layout(stream: BinaryIO) -> Layout:
    """Returns what the header says.

    Raises:
        UnreadableError: It is damaged, or describes something that is no volume of real values.
    """
    header = read_header(stream)
    try:
        shape, dtype = header.get_data_shape(), header.get_data_dtype()
        offset, intent = int(header["vox_offset"]), int(header["intent_code"])
        synthetic = bytes(header["descrip"]).startswith(SYNTHETIC.encode())
        slope, intercept = (float(header[name]) for name in ("scl_slope", "scl_inter"))
    except Exception:  # damaged headers raise anything
        raise UnreadableError("damaged header: shape, type or place of the values can't be read") from None
    if intent == LABEL_INTENT:
        raise UnreadableError("a label map, by its intent code, is no image of anatomy")
    refuse_type(dtype)
    if not len(header.binaryblock) <= offset <= LARGEST_OFFSET:
        raise UnreadableError("damaged header: the place of the values is impossible")
    if slope == 0 or not math.isfinite(slope):  # as the format defines it: values are as stored
        slope, intercept = 1.0, 0.0
    if not math.isfinite(intercept):
        raise UnreadableError("damaged header: the intercept is no number")
    return Layout(read_shape(shape), dtype, offset, (slope, intercept), *read_affine(header), synthetic)


def read_header(stream: BinaryIO) -> Any:
    """Returns the header of a single-file NIfTI volume; nothing beyond it is read."""
    import nibabel.nifti2  # late, as all of nibabel: importing it takes a second

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
    """Refuses values that are not real numbers of up to 64 bits."""
    if dtype.kind == "c":
        raise UnreadableError("complex values have no defined grey value; save magnitude or phase")
    if dtype.fields is not None:
        raise UnreadableError("RGB voxels are no measured values; save one channel")
    if dtype.kind not in "iuf" or dtype.itemsize > 8:
        raise UnreadableError("values of this type are not supported; save them as int16 or float32")


def read_shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Returns the volume's three sizes."""
    sizes = [int(size) for size in shape]
    if not sizes or min(sizes) < 1:
        raise UnreadableError("damaged header: it states a volume without voxels")
    if math.prod(sizes[3:]) > 1:
        raise UnreadableError(
            f"{math.prod(sizes[3:])} volumes in one file (time points, contrasts or directions); split it into one "
            "file per volume and choose what you need"
        )
    if math.prod(sizes) > MAX_PIXELS:
        described = " x ".join(map(str, sizes[:3]))
        raise UnreadableError(f"decompression bomb refused: {described} voxels; at most {MAX_PIXELS} are read")
    first, second, third = (*sizes, 1, 1)[:3]
    return first, second, third


def read_affine(header: Any) -> tuple[NDArray[np.float64], bool]:
    """Returns voxel numbers to mm in RAS, and whether the file states it.

    Raises:
        UnreadableError: It can't be inverted, or sform and qform name different axes.
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
    """Returns the directions of the three axes, as columns of length 1; zeros where an axis has no length."""
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    return affine[:3, :3] / np.where(lengths > 0, lengths, 1)


def name_axes(affine: NDArray[np.float64]) -> tuple[str | None, ...]:
    """Returns where the three axes grow to, such as ("L", "P", "S")."""
    import nibabel.orientations

    orientations: Any = nibabel.orientations  # untyped
    return tuple(orientations.aff2axcodes(affine))


def read_values(path: Path, stream: BinaryIO, layout: Layout) -> NDArray[Any]:
    """Returns the stored values: mapped into memory where they are not compressed; 64-bit floats as 32-bit ones.

    Raises:
        UnreadableError: There are fewer or more of them than the header states.
    """
    size = math.prod(layout.shape) * layout.dtype.itemsize
    if not is_packed(path):
        refuse_length(path.stat().st_size - layout.offset, size)
        return np.memmap(path, layout.dtype, "r", layout.offset, layout.shape, "F")
    skip(stream, layout.offset - stream.tell())
    narrow = layout.dtype.kind == "f" and layout.dtype.itemsize == 8
    values = np.empty(math.prod(layout.shape), np.float32 if narrow else layout.dtype)
    done = 0
    while done < len(values):
        block = stream.read(min(BLOCK_BYTES, (len(values) - done) * layout.dtype.itemsize))
        if not block or len(block) % layout.dtype.itemsize:
            refuse_length(done * layout.dtype.itemsize + len(block), size)
        with np.errstate(over="ignore"):  # becomes infinite, and is refused as such
            values[done : done + len(block) // layout.dtype.itemsize] = np.frombuffer(block, layout.dtype)
        done += len(block) // layout.dtype.itemsize
    refuse_length(size + len(stream.read(1)), size)  # reads the checksum
    return values.reshape(layout.shape, order="F")


def skip(stream: BinaryIO, size: int) -> None:
    """Reads up to `size` bytes and forgets them."""
    while size > 0 and (block := stream.read(min(size, BLOCK_BYTES))):
        size -= len(block)


def refuse_length(actual: int, size: int) -> None:
    """Refuses values that are cut off, or followed by something that the header does not know."""
    if actual < size:
        raise UnreadableError(f"truncated: {max(0, actual)} of {size} bytes of values are there")
    if actual > size:
        raise UnreadableError("damaged header: the file holds more values than it states")


def rescale(values: NDArray[Any], layout: Layout) -> NDArray[Any]:
    """Returns values on the file's scale; as they are where it states none."""
    slope, intercept = layout.scale
    return values if layout.scale == (1.0, 0.0) else values.astype(np.float64) * slope + intercept


def orient(stored: NDArray[Any], layout: Layout, plane: str) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Returns a view of the volume with the axes row, column, slice, and the affine that belongs to it."""
    import nibabel.orientations

    orientations: Any = nibabel.orientations  # untyped
    wanted = orientations.axcodes2ornt(tuple(DISPLAY[plane]))
    turn = orientations.ornt_transform(orientations.io_orientation(layout.affine), wanted)
    turned = orientations.apply_orientation(stored, turn)
    return turned, layout.affine @ orientations.inv_ornt_aff(turn, layout.shape)


def describe(affine: NDArray[np.float64], index: int, oriented: bool) -> dict[str, Any]:
    """Returns spacing, view, position and thickness of a slice.

    Args:
        affine: Row, column and slice number to mm in RAS, (4, 4).
        index: Number of the slice.
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
