"""Opens a DICOM file: reads the attributes on an allow-list and no others, silently, and never more than a bound."""

import logging
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from pydicom import Dataset, config, dcmread
from pydicom.datadict import tag_for_keyword
from pydicom.filereader import read_dataset, read_file_meta_info
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian
from pydicom.uid import ImplicitVRLittleEndian as ImplicitVR

from ganoscope.data.picture import UnreadableError

MAX_INFLATED = 1 << 28
"""Most bytes that a deflated data set may grow to."""

HEADER = (
    "SpecificCharacterSet SOPClassUID Modality ImageType PatientID PatientName PatientBirthDate "
    "PatientSex ViewPosition PatientOrientation ImageOrientationPatient ImagePositionPatient "
    "SliceThickness PixelSpacing ImagerPixelSpacing NominalScannedPixelSpacing InstanceNumber "
    "SeriesInstanceUID SeriesDescription NumberOfFrames Rows Columns SyntheticData"
)
"""What the listing of a folder needs."""

IMAGE = (
    "SamplesPerPixel PhotometricInterpretation PlanarConfiguration BitsAllocated BitsStored HighBit "
    "PixelRepresentation PixelPaddingValue PixelPaddingRangeLimit RescaleSlope RescaleIntercept "
    "RescaleType ModalityLUTSequence WindowCenter WindowWidth VOILUTFunction VOILUTSequence "
    "SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence RedPaletteColorLookupTableDescriptor "
    "GreenPaletteColorLookupTableDescriptor BluePaletteColorLookupTableDescriptor "
    "RedPaletteColorLookupTableData GreenPaletteColorLookupTableData BluePaletteColorLookupTableData "
    "SegmentedRedPaletteColorLookupTableData SegmentedGreenPaletteColorLookupTableData "
    "SegmentedBluePaletteColorLookupTableData ExtendedOffsetTable ExtendedOffsetTableLengths PixelData "
    "FloatPixelData DoubleFloatPixelData"
)
"""What else the picture needs."""

HEADER_TAGS = [tag for keyword in HEADER.split() if (tag := tag_for_keyword(keyword)) is not None]
ALL_TAGS = [*HEADER_TAGS, *(tag for keyword in IMAGE.split() if (tag := tag_for_keyword(keyword)) is not None)]

START_BYTES = 4096
"""Read to tell what a file is: nearly all meta headers end before."""
MARKS = {b"\xff\xd8\xff": "a JPEG", b"\x89PNG": "a PNG", b"II*\0": "a TIFF", b"MM\0*": "a TIFF", b"\x1f\x8b": "a gzip"}
"""First bytes of other formats that bear DICOM's suffix by mistake."""


@contextmanager
def quiet() -> Iterator[list[warnings.WarningMessage]]:
    """Keeps pydicom's warnings and log away from the user, and yields the warnings: their texts may name files."""
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
    """Returns the allowed attributes of a DICOM file; its transfer syntax is always in `file_meta`.

    A file without DICOM's mark is taken where its data set proves itself: read as one of the plain encodings it begins
    with a registered SOP class. PS3.10 demands a transfer syntax after the mark, so a file that lacks it is refused.

    Raises:
        UnreadableError: Not DICOM, damaged, without a transfer syntax, or growing beyond all bounds when inflated.
    """
    with path.open("rb") as file:
        start = file.read(START_BYTES)
        file.seek(0)
        marked = start[128:132] == b"DICM"
        if not marked:
            refuse_other_format(start)
        try:
            with quiet() as seen:
                if marked and may_need_inflating(start) and needs_inflating(path):
                    dataset = inflate(file, path, tags, stop_before_pixels)
                else:
                    dataset = dcmread(file, None, stop_before_pixels, not marked, specific_tags=list(tags))
                if marked and any(str(warning.message).startswith("End of file") for warning in seen):
                    raise UnreadableError("truncated: the file ends in the middle of its data set")
                return settle_encoding(dataset, marked)
        except (UnreadableError, MemoryError):
            raise
        except Exception as error:  # on damaged bytes pydicom raises anything, OSError without a number among it
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise UnreadableError(f"damaged: its data set can't be read ({type(error).__name__})") from None


def refuse_other_format(start: bytes) -> None:
    """Refuses a file whose first bytes are another format's."""
    kind = next((kind for mark, kind in MARKS.items() if start.startswith(mark)), "")
    if kind:
        raise UnreadableError(f"wrong extension: the content is {kind} file, the name says DICOM")


def may_need_inflating(start: bytes) -> bool:
    """Tells, by a file's first bytes, whether its meta header can name the deflated syntax; spares reading it twice."""
    length = int.from_bytes(start[140:144], "little")  # of the meta header, where it says so
    return DeflatedExplicitVRLittleEndian.encode() in start or 144 + length > len(start)


def needs_inflating(path: Path) -> bool:
    """Tells whether a file with DICOM's mark holds a deflated data set."""
    return bool(read_file_meta_info(path).get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian)


def inflate(file: BinaryIO, path: Path, tags: Sequence[int], stop_before_pixels: bool) -> Dataset:
    """Returns a deflated data set, inflated no further than `MAX_INFLATED` (pydicom itself knows no bound)."""
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


def settle_encoding(dataset: Dataset, marked: bool) -> Dataset:
    """Returns the data set with its transfer syntax in `file_meta`, or refuses one whose encoding is not certain."""
    if "TransferSyntaxUID" in dataset.file_meta:
        if not UID(str(dataset.file_meta.TransferSyntaxUID)).is_transfer_syntax:
            raise UnreadableError("its meta header names no known transfer syntax")
        return dataset
    if marked and not dataset.file_meta:
        raise UnreadableError("truncated: nothing follows DICOM's mark")
    if marked:
        raise UnreadableError("its meta header lacks the transfer syntax: how the pixels are coded is not known")
    if UID(str(dataset.get("SOPClassUID", ""))).type != "SOP Class":
        raise UnreadableError("no DICOM: neither DICOM's mark nor a sound data set is in it")
    if "PixelData" in dataset and dataset["PixelData"].is_undefined_length:
        raise UnreadableError("no meta header, but compressed pixels: how they are coded is not known")
    implicit, little = dataset.original_encoding
    plain = ImplicitVR if implicit else ExplicitVRLittleEndian
    dataset.file_meta.TransferSyntaxUID = plain if little else ExplicitVRBigEndian
    return dataset
