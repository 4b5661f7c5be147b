"""Reads the masks of an image, slice by slice beside it: annotated findings, and outlined anatomy.

A mask belongs to its image pixel by pixel. One of another size with the same aspect ratio is enlarged or reduced, since
some data sets hold masks that way; any other is refused.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.geometry.placement import Placement, Rectangle, fit_mask, place_mask
from ganoscope.data.picture import Picture, ReadOptions, UnreadableError
from ganoscope.data.readers import nifti, read
from ganoscope.data.source.entries import SourceImage

LOSSY = (".jpg", ".jpeg")
"""Suffixes of formats that blur the two values of a mask: its pixels are those above half of the highest value."""
ASPECT_TOLERANCE = 0.01
"""Largest relative difference between the aspect ratios of a mask and its image."""


@dataclass
class MaskFile:
    """A mask file, read forwards beside its image.

    Attributes:
        path: The file.
        options: How volumes are cut into slices.
    """

    path: Path
    options: ReadOptions
    _slices: Iterator[Picture] | None = None
    _last: Picture | None = None

    def find(self, frame: int) -> Picture:
        """Returns the slice with an index; indices must not decrease from call to call.

        Raises:
            UnreadableError: The file can't be read, or has no such slice.
        """
        if self._slices is None:
            self._slices = iter(read_labels(self.path, self.options))
        while self._last is None or self._last.frame < frame:
            self._last = next(self._slices, None)
            if self._last is None:
                break
        if self._last is None or self._last.frame != frame:
            raise UnreadableError(f"it has no slice {frame + 1}")
        return self._last


@dataclass(frozen=True)
class Masks:
    """The masks of one file of an image.

    Attributes:
        findings: Mask files of annotated findings.
        anatomy: Mask files of outlined anatomy.
    """

    findings: Sequence[MaskFile] = ()
    anatomy: Sequence[MaskFile] = ()

    def place(
        self, picture: Picture, placement: Placement, size: int
    ) -> tuple[NDArray[np.bool_] | None, NDArray[np.bool_] | None]:
        """Returns the masks of findings and of anatomy on the store's square, (size, size) each; None without one.

        Args:
            picture: Picture that the masks belong to.
            placement: Placement of the picture in the store.
            size: Height and width of the store's images in pixels.

        Raises:
            UnreadableError: A mask can't be read, or does not fit the picture.
        """
        found = [draw(files, picture) if files else None for files in (self.findings, self.anatomy)]
        first, second = (None if mask is None else place_mask(mask, placement, size) for mask in found)
        return first, second


def open_masks(image: SourceImage, options: ReadOptions) -> Masks:
    """Returns the masks of a file of an image; nothing is read yet."""
    plain = replace(options, hu_offset=None)
    return Masks(*([MaskFile(path, plain) for path in paths] for paths in (image.mask, image.anatomy)))


def read_labels(path: Path, options: ReadOptions) -> Iterator[Picture]:
    """Yields the pictures of a mask file; unlike those of images, NIfTI volumes may declare that they are labels.

    Raises:
        UnreadableError: The file can't be read.
    """
    if path.name.lower().endswith(nifti.SUFFIXES):
        yield from nifti.read(path, options, labels=True)
    else:
        yield from read(path, options)


def draw(files: Sequence[MaskFile], picture: Picture) -> NDArray[np.bool_]:
    """Returns the pixels that lie in any of the masks, of the shape of the picture.

    Raises:
        UnreadableError: A mask can't be read, or does not fit the picture.
    """
    mask = np.zeros(picture.pixels.shape, bool)
    for file in files:
        try:
            part = file.find(picture.frame)
        except UnreadableError as error:
            raise UnreadableError(f"its mask can't be read: {error}") from None
        except OSError:
            raise UnreadableError("its mask can't be read: the system can't read the file") from None
        refuse_elsewhere(part, picture)
        floor = part.pixels.max() / 2 if file.path.suffix.lower() in LOSSY else 0
        mask |= fit(np.greater(part.pixels, floor), picture)
    return mask


def refuse_elsewhere(mask: Picture, picture: Picture) -> None:
    """Refuses a slice of a mask volume that lies at another place in the patient; unknown places are not compared.

    Raises:
        UnreadableError: It lies half a slice or more away.
    """
    if not (mask.view and picture.view) or mask.position_mm is None or picture.position_mm is None:
        return
    if abs(mask.position_mm - picture.position_mm) > (picture.thickness_mm or 0.0) / 2:
        raise UnreadableError("its mask lies at another place in the patient, by its header")


def fit(mask: NDArray[np.bool_], picture: Picture) -> NDArray[np.bool_]:
    """Returns a mask of shape (h, w) at the size of its picture, shape (H, W).

    Raises:
        UnreadableError: Its aspect ratio is another one.
    """
    if mask.shape == picture.pixels.shape:
        return mask
    (height, width), (rows, columns) = mask.shape, picture.pixels.shape
    if abs(height * columns / (width * rows) - 1) > ASPECT_TOLERANCE:
        raise UnreadableError(f"its mask has {mask.shape} pixels, the picture {picture.pixels.shape}")
    return fit_mask(mask, Rectangle(0, 0, height, width), picture.pixels.shape)
