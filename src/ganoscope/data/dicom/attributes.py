"""Reads the header of a DICOM picture: kind, geometry and, in memory only, the patient."""

import hashlib
import math
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
from pydicom import Dataset

from ganoscope.data.picture import UnreadableError

PROJECTION = frozenset(("CR", "DX", "MG", "XA", "RF", "IO", "PX", "RG", "RTIMAGE"))
"""Projection modalities."""

MODALITIES = frozenset(("CT", "MR", "PT", "NM", "US", "IVUS", "OT", "SC", "ES", "XC", "OP", "OPT", "OCT", "SM", "GM"))
KNOWN = PROJECTION | MODALITIES | frozenset(("BI", "SEG", "SR", "RTDOSE", "RTPLAN", "RTSTRUCT", "REG", "PR", "KO"))
"""Codes that may be shown: any other text in this attribute might contain anything."""

REGIONS = {
    **dict.fromkeys(
        ("HEAD", "BRAIN", "SKULL", "HEADNECK", "NECK", "FACE", "SINUS", "ORBIT", "EAR", "JAW"), "head and neck"
    ),
    **dict.fromkeys(
        ("CHEST", "LUNG", "THORAX", "HEART", "BREAST", "TSPINE", "CHESTABDOMEN", "CHESTABDPELVIS"), "trunk"
    ),
    **dict.fromkeys(("ABDOMEN", "PELVIS", "ABDOMENPELVIS", "ABDPELV", "LSPINE", "LIVER", "KIDNEY", "COLON"), "trunk"),
    **dict.fromkeys(("ARM", "HAND", "ELBOW", "WRIST", "SHOULDER", "LEG", "KNEE", "FOOT", "ANKLE", "HIP"), "limbs"),
    "EXTREMITY": "limbs",
}
"""Region of each code of a body part (PS3.16, annex L) that may be shown: any other text might contain anything."""
SHARED_IDS = ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "SOPInstanceUID", "AccessionNumber")
"""Identifiers that files of one patient may share, and files of two never should (PS3.3, C.7.2.1, C.7.3.1, C.7.4.1)."""
REGISTERED = "1.2.840.10008."
"""Root of the UIDs that the standard itself defines."""
UNIQUE_DIGITS = 6
"""Fewest digits of an accession number that counts as unique."""
VIEWS = frozenset(("AP", "PA", "LL", "RL", "RLD", "LLD", "RLO", "LLO"))
PLANES = ("sagittal", "coronal", "axial")
OBLIQUE_BELOW = 0.9
"""Cosine of the angle between slice normal and nearest body axis below which a slice is oblique (26 degrees: gantry
tilts of head CT stay above it)."""

WHOLE_SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6"
TILED = (
    "a tiled (whole-slide) image: its frames are tiles of one picture and no slices; export one level, or regions "
    "of interest, as TIFF or PNG"
)
LOCALIZER = "a localizer (scout) image"
NOT_ANATOMY = {
    "1.2.840.10008.5.1.4.1.1.481.2": "a radiotherapy dose map is no image of anatomy",
    "1.2.840.10008.5.1.4.1.1.66.4": "a segmentation is no image of anatomy",
    "1.2.840.10008.5.1.4.1.1.66.7": "a segmentation is no image of anatomy",
}
WITHOUT_PIXELS = {
    "1.2.840.10008.5.1.4.1.1.481.1": "a radiotherapy image",
    "1.2.840.10008.5.1.4.1.1.481.3": "a radiotherapy structure set",
    "1.2.840.10008.5.1.4.1.1.481.4": "a radiotherapy treatment record",
    "1.2.840.10008.5.1.4.1.1.481.5": "a radiotherapy plan",
    "1.2.840.10008.5.1.4.1.1.481.6": "a radiotherapy treatment record",
    "1.2.840.10008.5.1.4.1.1.481.7": "a radiotherapy treatment record",
    "1.2.840.10008.5.1.4.1.1.481.8": "a radiotherapy plan",
    "1.2.840.10008.5.1.4.1.1.481.9": "a radiotherapy treatment record",
    "1.2.840.10008.5.1.4.1.1.66": "raw measurement data",
    "1.2.840.10008.5.1.4.1.1.66.1": "a spatial registration",
    "1.2.840.10008.5.1.4.1.1.66.3": "a spatial registration",
    "1.2.840.10008.5.1.4.1.1.88.59": "a selection of key objects",
    "1.2.840.10008.5.1.4.1.1.104.1": "a PDF document",
    "1.2.840.10008.1.3.10": "a directory (DICOMDIR)",
}
FAMILIES_WITHOUT_PIXELS = {
    "1.2.840.10008.5.1.4.1.1.88.": "a structured report",
    "1.2.840.10008.5.1.4.1.1.9.": "a waveform",
    "1.2.840.10008.5.1.4.1.1.11.": "a presentation state",
}


def get_text(dataset: Dataset, keyword: str) -> str:
    """Returns an attribute as text; "" if it is absent or damaged."""
    try:
        value: Any = dataset.get(keyword)
    except Exception:  # conversion of a damaged value raises anything
        return ""
    return "" if value is None else str(value).strip("\0 ")


def get_numbers(dataset: Dataset, keyword: str, count: int) -> tuple[float, ...]:
    """Returns the finite numbers of an attribute; empty if they are absent, damaged, or not `count` of them.

    Args:
        dataset: Data set.
        keyword: Keyword of the attribute.
        count: Required number of values.
    """
    try:
        value: Any = dataset.get(keyword)
        numbers = [] if value is None else [float(v) for v in (value if np.iterable(value) else [value])]
    except Exception:  # conversion of a damaged value raises anything
        return ()
    return tuple(numbers) if len(numbers) == count and all(map(math.isfinite, numbers)) else ()


def find_group(dataset: Dataset, frame: int, group: str) -> Dataset:
    """Returns the functional group of a frame.

    Args:
        dataset: Complete data set.
        frame: Index of the frame, from 0.
        group: Keyword of the functional group sequence, such as PixelMeasuresSequence.

    Returns:
        The item of the frame, the item shared by all frames, or, in a file without functional groups, the data set.
    """
    frames = dataset.get("PerFrameFunctionalGroupsSequence") or ()
    shared = dataset.get("SharedFunctionalGroupsSequence") or ()
    for item in (*frames[frame : frame + 1], *shared[:1]):
        found = item.get(group)
        if found:
            return found[0]
    return dataset


def read_modality(dataset: Dataset) -> str:
    """Returns the DICOM code of the modality; "" if it is unknown."""
    code = get_text(dataset, "Modality").upper()
    return code if code in KNOWN else ""


def is_localizer(dataset: Dataset) -> bool:
    """Tells whether the image is a localizer (scout)."""
    types = [part.upper() for part in split_values(dataset, "ImageType")]
    return any("LOCALI" in part or "SCOUT" in part for part in types)


def split_values(dataset: Dataset, keyword: str) -> list[str]:
    """Returns the texts of an attribute with several values."""
    try:
        value: Any = dataset.get(keyword)
    except Exception:  # conversion of a damaged value raises anything
        return []
    if value is None:
        return []
    return [value] if isinstance(value, str) else [str(part) for part in value]


def refuse_kind(dataset: Dataset) -> None:
    """Refuses, by SOP class, anything that is not an image of anatomy.

    Raises:
        UnreadableError: The file holds another kind of object, a localizer, or no pixels.
    """
    kind = get_text(dataset, "SOPClassUID")
    if kind in NOT_ANATOMY:
        raise UnreadableError(NOT_ANATOMY[kind])
    if kind == WHOLE_SLIDE or "TotalPixelMatrixColumns" in dataset:
        raise UnreadableError(TILED)
    if is_localizer(dataset):
        raise UnreadableError(LOCALIZER)
    if not any(keyword in dataset for keyword in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        families = [text for start, text in FAMILIES_WITHOUT_PIXELS.items() if kind.startswith(start)]
        what = WITHOUT_PIXELS.get(kind) or (families[0] if families else "")
        raise UnreadableError(f"no pixel data: it is {what}" if what else "no pixel data")


def refuse_modality(modality: str, wanted: str) -> None:
    """Refuses a file of another modality than requested.

    Raises:
        UnreadableError: The modality differs from `wanted`.
    """
    if wanted and modality != wanted.upper():
        raise UnreadableError(f"{f'modality {modality}' if modality else 'an unknown modality'} was not asked for")


def read_spacing(dataset: Dataset, frame: int, modality: str) -> tuple[float, float] | None:
    """Returns row and column spacing in mm; for projections without calibrated spacing, that of the detector.

    Args:
        dataset: Data set.
        frame: Index of the frame, from 0.
        modality: DICOM code of the modality.
    """
    measures = find_group(dataset, frame, "PixelMeasuresSequence")
    keywords = ("ImagerPixelSpacing", "NominalScannedPixelSpacing") if modality in PROJECTION else ()
    for keyword in ("PixelSpacing", *keywords):
        spacing = get_numbers(measures, keyword, 2)
        if spacing and min(spacing) > 0:
            return spacing[0], spacing[1]
    return None


def read_pixel_aspect(dataset: Dataset) -> float:
    """Returns the height of a pixel over its width where no spacing is stated (PS3.3, C.7.6.3.1.7); 1 if unknown."""
    aspect = get_numbers(dataset, "PixelAspectRatio", 2)
    return aspect[0] / aspect[1] if aspect and min(aspect) > 0 else 1.0


def read_body_part(dataset: Dataset) -> str:
    """Returns the code of the examined part of the body; "" if it is unknown."""
    code = get_text(dataset, "BodyPartExamined").upper().replace(" ", "").replace("_", "")
    return code if code in REGIONS else ""


def read_thickness(dataset: Dataset, frame: int) -> float | None:
    """Returns the slice thickness in mm; None if unknown."""
    thickness = get_numbers(find_group(dataset, frame, "PixelMeasuresSequence"), "SliceThickness", 1)
    return thickness[0] if thickness and thickness[0] > 0 else None


def read_normal(dataset: Dataset, frame: int = 0) -> tuple[float, ...]:
    """Returns the unit vector across a slice, in the patient's coordinates; () where the file does not tell."""
    cosines = read_cosines(dataset, frame)
    if not cosines:
        return ()
    (a, b, c), (d, e, f) = cosines[:3], cosines[3:]
    normal = (b * f - c * e, c * d - a * f, a * e - b * d)
    length = math.hypot(*normal)
    return tuple(part / length for part in normal) if length > 0.5 else ()


def read_cosines(dataset: Dataset, frame: int = 0) -> tuple[float, ...]:
    """Returns the direction cosines of row and column; () where the file does not tell."""
    return get_numbers(find_group(dataset, frame, "PlaneOrientationSequence"), "ImageOrientationPatient", 6)


def read_corner(dataset: Dataset, frame: int = 0) -> tuple[float, ...]:
    """Returns the place of the first pixel of a frame in mm; () where the file does not tell."""
    group = find_group(dataset, frame, "PlanePositionSequence")
    if group is dataset and get_numbers(dataset, "NumberOfFrames", 1) > (1.0,):
        return ()  # one corner for all frames says nothing about any of them
    return get_numbers(group, "ImagePositionPatient", 3)


def read_position(dataset: Dataset, frame: int = 0) -> float | None:
    """Returns the position of a slice along its normal in mm; None if unknown."""
    normal, corner = read_normal(dataset, frame), read_corner(dataset, frame)
    return sum(n * p for n, p in zip(normal, corner, strict=True)) if normal and corner else None


def read_view(dataset: Dataset, frame: int, modality: str) -> str:
    """Returns the view of a projection, or the plane of a slice; "" if unknown.

    Args:
        dataset: Data set.
        frame: Index of the frame, from 0.
        modality: DICOM code of the modality.
    """
    if modality in PROJECTION:
        view = get_text(dataset, "ViewPosition").upper()
        return view if view in VIEWS else ""
    return name_plane(read_normal(dataset, frame))


def name_plane(normal: Sequence[float]) -> str:
    """Returns the plane with the given unit normal.

    Example:
        >>> name_plane((0.0, 0.1, 0.99)), name_plane((0.7, 0.7, 0.0)), name_plane(())
        ('axial', 'oblique', '')
    """
    if not normal:
        return ""
    sizes = [abs(part) for part in normal]
    return PLANES[sizes.index(max(sizes))] if max(sizes) >= OBLIQUE_BELOW else "oblique"


def read_patient(dataset: Dataset) -> str:
    """Returns the patient id; it must never be stored."""
    return get_text(dataset, "PatientID")


def bears_uid_as_patient(dataset: Dataset) -> bool:
    """Tells whether the patient id repeats the UID of the study, series or image, as some anonymisers write it."""
    uids = {get_text(dataset, f"{level}InstanceUID") for level in ("Study", "Series", "SOP")}
    return bool(read_patient(dataset)) and read_patient(dataset) in uids


def read_shared_ids(dataset: Dataset) -> tuple[str, ...]:
    """Returns a digest of each of `SHARED_IDS`; "" for one that is absent, public, or too short to be unique.

    An accession number counts only where the UID of the study is missing: TCIA writes one number for several patients.
    """
    study, *others, accession = (digest_id(keyword, get_text(dataset, keyword)) for keyword in SHARED_IDS)
    return study, *others, "" if study else accession


def digest_id(keyword: str, text: str) -> str:
    """Returns a digest of an identifier that no two patients can share; "" where two may.

    Well-known frames of reference, such as that of an atlas, are public; numbers of few digits recur between hospitals.

    Args:
        keyword: One of `SHARED_IDS`.
        text: Identifier.
    """
    digits = sum(letter.isdigit() for letter in text)
    short = not text.strip("0.") or (not keyword.endswith("UID") and digits < UNIQUE_DIGITS)
    if short or text.startswith(REGISTERED):
        return ""
    return hashlib.sha256(f"{keyword}|{text}".encode("utf-8", "replace")).hexdigest()[:16]


def make_patient_check(dataset: Dataset) -> str:
    """Returns a digest of name, birth date and sex, independent of how the name is written; "" if none is given."""
    name = unicodedata.normalize("NFKC", get_text(dataset, "PatientName")).casefold()
    name = " ".join(name.replace("^", " ").replace("=", " ").replace(",", " ").split())
    born = "".join(filter(str.isdigit, get_text(dataset, "PatientBirthDate")))
    sex = get_text(dataset, "PatientSex").upper()
    if not (name or born or sex):
        return ""
    return hashlib.sha256(f"{name}|{born}|{sex}".encode("utf-8", "replace")).hexdigest()[:16]
