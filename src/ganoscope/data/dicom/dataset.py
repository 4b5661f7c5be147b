"""Opens DICOM files: reads only the attributes on an allow-list, silently, within bounds on size."""

import logging
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from pydicom import Dataset, config, dcmread
from pydicom.datadict import tag_for_keyword
from pydicom.filereader import read_dataset, read_file_meta_info
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian
from pydicom.uid import ImplicitVRLittleEndian as ImplicitVR

from ganoscope.data.dicom import stacks
from ganoscope.data.picture import UnreadableError

DEFERRED_BYTES = 1 << 26
"""Length in bytes from which an attribute is left in the file, such as the pixels of many frames."""
MAX_INFLATED = 1 << 28
"""Largest size in bytes of an inflated data set."""

HEADER = (
    "SpecificCharacterSet SOPClassUID Modality ImageType PatientID PatientName PatientBirthDate "
    "PatientSex StudyInstanceUID SOPInstanceUID "
    "ViewPosition PatientOrientation ImageOrientationPatient ImagePositionPatient "
    "SliceThickness PixelSpacing ImagerPixelSpacing NominalScannedPixelSpacing InstanceNumber "
    "StudyInstanceUID SeriesInstanceUID BodyPartExamined NumberOfFrames Rows Columns SliceLocation SyntheticData "
    f"{stacks.HEADER}"
)
"""Attributes needed to list a folder."""

IMAGE = (
    "SamplesPerPixel PhotometricInterpretation PlanarConfiguration BitsAllocated BitsStored HighBit "
    "PixelRepresentation PixelPaddingValue PixelPaddingRangeLimit RescaleSlope RescaleIntercept "
    "RescaleType ModalityLUTSequence WindowCenter WindowWidth VOILUTFunction VOILUTSequence PixelAspectRatio "
    "TotalPixelMatrixColumns FrameOfReferenceUID AccessionNumber "
    "SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence RedPaletteColorLookupTableDescriptor "
    "GreenPaletteColorLookupTableDescriptor BluePaletteColorLookupTableDescriptor "
    "RedPaletteColorLookupTableData GreenPaletteColorLookupTableData BluePaletteColorLookupTableData "
    "SegmentedRedPaletteColorLookupTableData SegmentedGreenPaletteColorLookupTableData "
    "SegmentedBluePaletteColorLookupTableData ExtendedOffsetTable ExtendedOffsetTableLengths PixelData "
    "FloatPixelData DoubleFloatPixelData"
)
"""Further attributes needed to read the picture."""

HEADER_TAGS = [tag for keyword in HEADER.split() if (tag := tag_for_keyword(keyword)) is not None]
ALL_TAGS = [*HEADER_TAGS, *(tag for keyword in IMAGE.split() if (tag := tag_for_keyword(keyword)) is not None)]

START_BYTES = 4096
"""Number of bytes read to identify a file: nearly all meta headers are shorter."""
FIRST_GROUPS = (b"\x02\0", b"\x08\0", b"\0\x02", b"\0\x08")
"""First bytes of data sets without a preamble, in both byte orders: groups 0002 (meta header) and 0008."""
NO_DICOM = "no DICOM: neither DICOM's mark nor a sound data set is in it"


@contextmanager
def quiet() -> Iterator[list[warnings.WarningMessage]]:
    """Hides the warnings and log messages of pydicom, whose texts may name files, and yields the warnings."""
    log = logging.getLogger("pydicom")
    level, checking = log.level, config.settings.reading_validation_mode
    log.setLevel(logging.CRITICAL + 1)
    config.settings.reading_validation_mode = config.IGNORE
    try:
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            yield seen
    finally:
        config.settings.reading_validation_mode = checking
        log.setLevel(level)


def open_dataset(path: Path, tags: Sequence[int] = ALL_TAGS, stop_before_pixels: bool = False) -> Dataset:
    """Returns the allowed attributes of a DICOM file; the transfer syntax is always in `file_meta`.

    A file without the DICM prefix is accepted if its data set is valid: read in one of the plain encodings, it starts
    with a registered SOP class. PS3.10 requires a transfer syntax after the prefix, so a file that lacks it is refused.

    Args:
        path: File to read.
        tags: Tags of the attributes to read.
        stop_before_pixels: Whether to skip the pixel data.

    Raises:
        UnreadableError: The file is not DICOM, is damaged, has no transfer syntax, or inflates to more than
            `MAX_INFLATED` bytes.
    """
    with path.open("rb") as file:
        start = file.read(START_BYTES)
        file.seek(0)
        marked = start[128:132] == b"DICM"
        if not (marked or start.startswith(FIRST_GROUPS)):
            raise UnreadableError(NO_DICOM)
        try:
            with quiet() as seen:
                if marked and may_need_inflating(start) and needs_inflating(path):
                    dataset = inflate(file, path, tags, stop_before_pixels)
                else:
                    dataset = dcmread(file, DEFERRED_BYTES, stop_before_pixels, not marked, specific_tags=list(tags))
                if marked and any(str(warning.message).startswith("End of file") for warning in seen):
                    raise UnreadableError("truncated: the file ends in the middle of its data set")
                return settle_encoding(dataset, marked)
        except (UnreadableError, MemoryError):
            raise
        except Exception as error:  # on damaged bytes pydicom raises anything, even OSError without errno
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise UnreadableError(f"damaged: its data set can't be read ({type(error).__name__})") from None


def is_dicom(path: Path) -> bool:
    """Tells by its content whether a file is DICOM: it bears DICOM's mark, or is a sound data set without a preamble.

    Raises:
        OSError: The system can't read the file.
    """
    with path.open("rb") as file:
        start = file.read(132)
    if start[128:] == b"DICM":
        return True
    if not start.startswith(FIRST_GROUPS):
        return False
    try:
        open_dataset(path, HEADER_TAGS, stop_before_pixels=True)
    except UnreadableError:
        return False
    return True


def may_need_inflating(start: bytes) -> bool:
    """Tells from the first bytes whether the meta header may name the deflated syntax; avoids reading it twice."""
    length = int.from_bytes(start[140:144], "little")  # length of the meta header, if stated
    return DeflatedExplicitVRLittleEndian.encode() in start or 144 + length > len(start)


def needs_inflating(path: Path) -> bool:
    """Tells whether a DICOM file with preamble holds a deflated data set."""
    return bool(read_file_meta_info(path).get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian)


def inflate(file: BinaryIO, path: Path, tags: Sequence[int], stop_before_pixels: bool) -> Dataset:
    """Returns a deflated data set, inflated to at most `MAX_INFLATED` bytes (pydicom itself has no limit).

    Args:
        file: Opened file.
        path: Path of the same file.
        tags: Tags of the attributes to read.
        stop_before_pixels: Whether to skip the pixel data.

    Raises:
        UnreadableError: The file is truncated, damaged or a decompression bomb.
    """
    meta = read_file_meta_info(path)
    if "FileMetaInformationGroupLength" not in meta:
        raise UnreadableError("damaged: its meta header does not say where it ends")
    file.seek(132 + 12 + meta.FileMetaInformationGroupLength)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    content = inflater.decompress(file.read(), MAX_INFLATED)
    if inflater.unconsumed_tail:
        raise UnreadableError(f"decompression bomb refused: it inflates to more than {MAX_INFLATED} bytes")
    if not inflater.eof:
        raise UnreadableError("truncated: the deflated data set ends too early")
    dataset: Dataset = read_dataset(
        BytesIO(content),
        False,
        True,
        stop_when=(lambda tag, vr, length: tag >= 0x7FE00008) if stop_before_pixels else None,
        specific_tags=list(tags),
    )
    dataset.set_original_encoding(False, True)
    dataset.file_meta = meta
    return dataset


def digest_pixels(path: Path) -> str:
    """Returns a digest of the stored pixels of a file and their scale; "" if it can't be read."""
    scale = ("RescaleSlope", "RescaleIntercept")
    stored = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
    tags = [tag for keyword in (*scale, *stored) if (tag := tag_for_keyword(keyword)) is not None]
    try:
        dataset = open_dataset(path, [*HEADER_TAGS, *tags])
        digest = sha256(" ".join(str(dataset.get(keyword)) for keyword in scale).encode())
        for keyword in stored:
            digest.update(dataset[keyword].value if keyword in dataset else b"")
    except Exception:  # reading the file will give the reason
        return ""
    return digest.hexdigest()


def settle_encoding(dataset: Dataset, marked: bool) -> Dataset:
    """Returns the data set with its transfer syntax in `file_meta`; refuses one whose encoding is uncertain.

    Raises:
        UnreadableError: The transfer syntax is missing or unknown, or the file is not DICOM.
    """
    if "TransferSyntaxUID" in dataset.file_meta:
        if not UID(str(dataset.file_meta.TransferSyntaxUID)).is_transfer_syntax:
            raise UnreadableError("its meta header names no known transfer syntax")
        return dataset
    if marked and not dataset.file_meta:
        raise UnreadableError("truncated: nothing follows DICOM's mark")
    if marked:
        raise UnreadableError("its meta header lacks the transfer syntax: how the pixels are coded is not known")
    if UID(str(dataset.get("SOPClassUID", ""))).type != "SOP Class":
        raise UnreadableError(NO_DICOM)
    if "PixelData" in dataset and dataset["PixelData"].is_undefined_length:
        raise UnreadableError("no meta header, but compressed pixels: how they are coded is not known")
    implicit, little = dataset.original_encoding
    plain = ImplicitVR if implicit else ExplicitVRLittleEndian
    dataset.file_meta.TransferSyntaxUID = plain if little else ExplicitVRBigEndian
    return dataset
