"""Reads DICOM: any uncompressed or compressed encoding, one picture per frame; CT in Hounsfield units."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from ganoscope.data.dicom import attributes, values
from ganoscope.data.dicom.dataset import open_dataset, quiet
from ganoscope.data.dicom.frames import iterate_frames
from ganoscope.data.dicom.pixel_format import COLOURS, GREY, PixelFormat, read_format
from ganoscope.data.file_limits import refuse_bomb, refuse_large
from ganoscope.data.picture import Picture, ReadOptions, Unit, UnreadableError

SUFFIXES = (".dcm", ".dicom", ".ima")
SIGNALS = frozenset(("PT", "NM", "MR"))
"""Modalities whose values are measurements rather than display grey values."""

CT_CLASSES = frozenset(("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2"))
MEASURED_CLASSES = frozenset(("1.2.840.10008.5.1.4.1.1.30",))  # parametric maps


def read(path: Path, options: ReadOptions) -> Iterator[Picture]:
    """Yields one picture per frame.

    Units: HU for CT; a rescaled signal for PET, NM, MR, parametric maps and float pixels; for everything else grey
    values as presented to a reader (8 bit, or a 16-bit signal).

    Raises:
        UnreadableError: The file is not an image of anatomy, is damaged, of another modality than requested, a
            decompression bomb, needs a decoder that is not installed, or is a CT whose values can't be HU.
    """
    dataset = open_dataset(path)
    with refusing_damage():
        found = check_header(dataset, options)
    held = found.samples * found.bits[0] // 8
    refuse_large(math.prod(found.shape), held, options)
    refuse_bomb(math.prod(found.shape) * held * found.frames, path.stat().st_size, options)
    for number, stored in enumerate(iterate_frames(dataset, found)):
        with refusing_damage():
            picture = make_picture(stored, dataset, found, number)
        yield picture


@contextmanager
def refusing_damage() -> Iterator[None]:
    """Converts any exception from damaged attributes into an `UnreadableError` without its text.

    Raises:
        UnreadableError: An exception was raised inside.
    """
    try:
        with quiet():
            yield
    except (UnreadableError, MemoryError):
        raise
    except Exception as error:  # attributes are converted on access, and may hold anything
        raise UnreadableError(f"damaged: its attributes can't be understood ({type(error).__name__})") from None


def check_header(dataset: Dataset, options: ReadOptions) -> PixelFormat:
    """Returns the pixel format; refuses files that the header shows to be unsuitable.

    Raises:
        UnreadableError: The file is unsuitable.
    """
    modality = attributes.read_modality(dataset)
    attributes.refuse_modality(modality, options.only_modality)
    attributes.refuse_kind(dataset)
    found = read_format(dataset)
    if is_ct(dataset, modality) and found.photometric not in GREY:
        raise UnreadableError("a CT in colour: it holds no Hounsfield units")
    return found


def is_ct(dataset: Dataset, modality: str) -> bool:
    """Tells whether an image is a CT, which must be in Hounsfield units."""
    return modality == "CT" or attributes.get_text(dataset, "SOPClassUID") in CT_CLASSES


def make_picture(stored: NDArray[Any], dataset: Dataset, found: PixelFormat, frame: int) -> Picture:
    """Returns a decoded frame in the unit of its modality, with the metadata of the header.

    Args:
        stored: Stored values, shape (H, W).
        dataset: Data set.
        found: Pixel format.
        frame: Index of the frame, from 0.
    """
    modality = attributes.read_modality(dataset)
    pixels, unit, coloured = convert(stored, dataset, found, frame)
    return Picture(
        pixels=np.ascontiguousarray(pixels),
        unit=unit,
        coloured=coloured,
        spacing_mm=attributes.read_spacing(dataset, frame, modality),
        modality=modality,
        view=attributes.read_view(dataset, frame, modality),
        position_mm=attributes.read_position(dataset, frame),
        thickness_mm=attributes.read_thickness(dataset, frame),
        frame=frame,
        patient=attributes.read_patient(dataset),
        patient_is_uid=attributes.bears_uid_as_patient(dataset),
        patient_check=attributes.make_patient_check(dataset),
        synthetic=attributes.get_text(dataset, "SyntheticData") == "YES",
    )


def convert(stored: NDArray[Any], dataset: Dataset, found: PixelFormat, frame: int) -> tuple[NDArray[Any], Unit, bool]:
    """Returns the pixels (H, W) in their unit, the unit, and whether they were coloured.

    Args:
        stored: Stored values, shape (H, W) or (H, W, 3).
        dataset: Data set.
        found: Pixel format.
        frame: Index of the frame, from 0.
    """
    modality, coloured = attributes.read_modality(dataset), False
    if found.photometric == "PALETTE COLOR":
        stored = values.apply_palette(stored, dataset)
    if found.photometric in (*COLOURS, "PALETTE COLOR"):
        pixels, coloured = values.to_grey(stored)
    elif is_ct(dataset, modality):
        return values.to_hu(stored, dataset, found, frame), "HU", False
    elif modality in SIGNALS or attributes.get_text(dataset, "SOPClassUID") in MEASURED_CLASSES:
        return values.to_signal(stored, dataset, found, frame), "signal", False
    else:
        pixels = values.to_presentation(stored, dataset, found, frame)
    return pixels, "grey 8 bit" if pixels.dtype == np.uint8 else "signal", coloured
