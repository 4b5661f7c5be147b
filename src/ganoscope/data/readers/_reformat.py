"""Cuts the slices of a DICOM volume into slices of another plane, as a NIfTI volume is cut.

A volume that is tilted, has gaps or lies at irregular distances is refused: its slices would show a wrong shape.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.dicom import attributes
from ganoscope.data.dicom.dataset import open_dataset, quiet
from ganoscope.data.geometry.volumes import select_slices
from ganoscope.data.picture import Picture, ReadOptions, UnreadableError
from ganoscope.data.readers import dicom
from ganoscope.data.readers._content import tell_format
from ganoscope.data.readers.nifti import DISPLAY, describe

MOST_VOXELS = 1 << 28
"""Largest number of voxels of a volume that is cut: it has to be in memory as a whole."""
REGULAR = 0.05
"""Largest relative deviation of the distance of two slices from the mean distance."""
UPRIGHT = 0.996
"""Smallest cosine of the angle between the normal of the slices and the direction in which they follow (5 degrees)."""
LPS = np.array([-1.0, -1.0, 1.0])
"""Signs between DICOM's axes, which point left and back, and those of NIfTI, which point right and front."""


def needs_cut(path: Path, plane: str) -> bool:
    """Tells whether the slices of a DICOM file lie in another plane than the one that is asked for.

    Args:
        path: File.
        plane: `axial`, which means as they are, `coronal` or `sagittal`.
    """
    if plane == "axial" or tell_format(path) != ".dcm":
        return False
    with quiet():
        header = open_dataset(path, stop_before_pixels=True)
        modality = attributes.read_modality(header)
        view = attributes.read_view(header, 0, modality)
    return modality not in attributes.PROJECTION and view not in ("", plane)


def read_cut(paths: Sequence[Path], options: ReadOptions) -> Iterator[Picture]:
    """Yields the requested slices, in the requested plane, of the volumes in DICOM files.

    Args:
        paths: Files of one series in order, or one file of several frames.
        options: Reading options.

    Raises:
        UnreadableError: A file can't be read, or a volume can't be cut.
    """
    whole = replace(options, slices="all")
    pictures = [picture for path in paths for picture in dicom.read(path, whole)]
    yield from (picture for picture in pictures if picture.fault)
    yield from cut_volumes([picture for picture in pictures if not picture.fault], options.plane, options.slices)


def cut_volumes(pictures: Sequence[Picture], plane: str, slices: str) -> Iterator[Picture]:
    """Yields the requested slices of every volume among pictures in another plane, numbered as frames.

    A volume that can't be cut is one picture with a fault.

    Args:
        pictures: Slices, each volume in order.
        plane: `coronal` or `sagittal`.
        slices: Slices to take from each volume.
    """
    number = 0
    for stack in sorted({picture.stack for picture in pictures}):
        volume = [picture for picture in pictures if picture.stack == stack]
        try:
            for picture in cut_volume(volume, plane, slices):
                yield replace(picture, frame=number)
                number += 1
        except UnreadableError as error:
            yield replace(volume[0], fault=str(error))


def cut_volume(pictures: Sequence[Picture], plane: str, slices: str) -> Iterator[Picture]:
    """Yields the requested slices of one volume in another plane.

    Args:
        pictures: Slices of one volume in order.
        plane: `coronal` or `sagittal`.
        slices: Slices to take.

    Raises:
        UnreadableError: The volume can't be cut.
    """
    import nibabel.orientations

    orientations: Any = nibabel.orientations  # untyped
    affine = make_affine(pictures, plane)
    volume = np.stack([picture.pixels for picture in pictures], axis=-1)
    volume = volume.astype(np.float32) if volume.dtype.itemsize > 4 or volume.dtype == np.int32 else volume
    wanted = orientations.axcodes2ornt(tuple(DISPLAY[plane]))
    turn = orientations.ornt_transform(orientations.io_orientation(affine), wanted)
    turned = orientations.apply_orientation(volume, turn)
    placed = affine @ orientations.inv_ornt_aff(turn, volume.shape)
    cosines = [LPS * placed[:3, axis] / np.linalg.norm(placed[:3, axis]) for axis in (1, 0)]
    share = 1 / turned.shape[2]
    for index in select_slices(slices, turned.shape[2]):
        corner = LPS * (placed @ [0, 0, index, 1])[:3]
        yield replace(
            pictures[0],
            pixels=np.ascontiguousarray(turned[..., index]),
            corner_mm=tuple(corner.tolist()),
            cosines=tuple(np.concatenate(cosines).tolist()),
            padded_px=int(sum(picture.padded_px for picture in pictures) * share),
            clipped_px=int(sum(picture.clipped_px for picture in pictures) * share),
            **describe(placed, index, True),
        )


def make_affine(pictures: Sequence[Picture], plane: str) -> NDArray[np.float64]:
    """Returns the map from row, column and slice index to mm in RAS, shape (4, 4).

    Args:
        pictures: Slices of one volume in order.
        plane: Plane that is asked for.

    Raises:
        UnreadableError: The slices do not tell their place, or do not form a regular volume.
    """
    refuse = f"it can't be cut for --plane {plane}"
    first = pictures[0]
    if len(pictures) < 2:
        raise UnreadableError(f"a single slice: {refuse}")
    if not all(p.corner_mm and p.cosines and p.spacing_mm and p.pixels.shape == first.pixels.shape for p in pictures):
        raise UnreadableError(f"slices of different size, or without position or pixel spacing: {refuse}")
    if first.pixels.size * len(pictures) > MOST_VOXELS:
        raise UnreadableError(f"more than {MOST_VOXELS} voxels: {refuse}")
    corners = np.array([picture.corner_mm for picture in pictures])
    steps = np.diff(corners, axis=0)
    mean = steps.mean(axis=0)
    if not np.linalg.norm(mean) or (np.abs(steps - mean).max() > REGULAR * np.linalg.norm(mean)):
        raise UnreadableError(f"slices are missing, or lie at irregular distances: {refuse}")
    rows, columns = np.array(first.cosines[3:]), np.array(first.cosines[:3])
    if abs(np.cross(columns, rows) @ mean) < UPRIGHT * np.linalg.norm(mean):
        raise UnreadableError(f"its slices are tilted against the direction in which they follow: {refuse}")
    spacing = first.spacing_mm or (1.0, 1.0)
    affine = np.eye(4)
    affine[:3] = (LPS * np.stack([rows * spacing[0], columns * spacing[1], mean, corners[0]])).T
    return affine
