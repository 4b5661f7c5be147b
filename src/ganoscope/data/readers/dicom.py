"""Reads DICOM: any uncompressed or compressed encoding, frames sorted into volumes; CT in Hounsfield units."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from ganoscope.data.dicom import attributes, values
from ganoscope.data.dicom.dataset import open_dataset, quiet
from ganoscope.data.dicom.frames import iterate_frames, refuse_length
from ganoscope.data.dicom.pixel_format import COLOURS, GREY, PixelFormat, read_format
from ganoscope.data.dicom.stacks import read_plane, split
from ganoscope.data.file_limits import refuse_bomb, refuse_large
from ganoscope.data.geometry.volumes import select_slices
from ganoscope.data.picture import Picture, ReadOptions, Unit, UnreadableError

SUFFIXES = (".dcm", ".dicom", ".ima")
SIGNALS = frozenset(("PT", "NM", "MR"))
"""Modalities whose values are measurements rather than display grey values."""

CT_CLASSES = frozenset(("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2"))
MEASURED_CLASSES = frozenset(("1.2.840.10008.5.1.4.1.1.30",))  # parametric maps


def read(path: Path, options: ReadOptions) -> Iterator[Picture]:
    """Yields one picture per requested frame, volume by volume in the order of positions: that of frames means nothing.

    Units: HU for CT; a rescaled signal for PET, NM, MR, parametric maps and float pixels; for everything else grey
    values as presented to a reader (8 bit, or a 16-bit signal).

    Raises:
        UnreadableError: The file is not an image of anatomy, is damaged, of another modality than requested, a
            decompression bomb, needs a decoder that is not installed, or is a CT whose values can't be HU.
    """
    dataset = open_dataset(path)
    with refusing_damage():
        found = check_header(dataset, options)
        if not dataset.file_meta.TransferSyntaxUID.is_encapsulated:
            refuse_length(dataset, found)
        refuse_sizes(path, found, options)
        places = list(choose_frames(dataset, found, options.slices))
    frames = iterate_frames(dataset, found, [place.frame for place in places])
    for place, stored in zip(places, frames, strict=True):
        with refusing_damage():
            picture = make_picture(stored, dataset, found, place.frame)
        yield replace(picture, stack=place.stack, told_by=place.told_by, order=place.order, fault=place.fault)


def refuse_sizes(path: Path, found: PixelFormat, options: ReadOptions) -> None:
    """Refuses files of which one frame is larger than the options allow, and decompression bombs.

    Args:
        path: File.
        found: Pixel format.
        options: Reading options, which hold the limits.

    Raises:
        UnreadableError: It is.
    """
    pixels, held = math.prod(found.shape), found.samples * found.bits[0] // 8
    refuse_large(pixels, held, options)
    refuse_bomb(pixels * held * found.frames, path.stat().st_size, options)


@dataclass(frozen=True)
class Place:
    """Place of a frame among the volumes of its file; for the attributes see `Picture`."""

    frame: int
    stack: int = 0
    told_by: str = ""
    order: str = "position"
    fault: str = ""


def choose_frames(dataset: Dataset, found: PixelFormat, slices: str) -> Iterator[Place]:
    """Yields the requested frames of each volume in a file, ordered by position where they state one.

    Args:
        dataset: Data set.
        found: Pixel format.
        slices: Slices to take from each volume.
    """
    described = len(dataset.get("PerFrameFunctionalGroupsSequence") or ()) == found.frames
    if found.frames == 1 or not described:
        order = "position" if found.frames == 1 else ""
        yield from (Place(index, order=order) for index in select_slices(slices, found.frames))
        return
    for number, stack in enumerate(split([read_plane(dataset, frame) for frame in range(found.frames)])):
        known = {attributes.read_position(dataset, frame) is not None for frame in stack.members}
        place = Place(0, number, ", ".join(stack.told_by), "position" if known == {True} else "", stack.fault)
        for index in select_slices(slices, len(stack.members)):
            yield replace(place, frame=stack.members[index])


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
    padded, clipped = values.count_beyond(stored, dataset, found, frame) if unit == "HU" else (0, 0)
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
        corner_mm=attributes.read_corner(dataset, frame),
        cosines=attributes.read_cosines(dataset, frame),
        pixel_aspect=attributes.read_pixel_aspect(dataset),
        padded_px=padded,
        clipped_px=clipped,
        body_part=attributes.read_body_part(dataset),
        patient=attributes.read_patient(dataset),
        patient_is_uid=attributes.bears_uid_as_patient(dataset),
        patient_check=attributes.make_patient_check(dataset),
        shared_ids=attributes.read_shared_ids(dataset),
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
