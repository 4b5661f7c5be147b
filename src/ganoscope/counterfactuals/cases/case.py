"""An image to translate, as it was given and as the networks see it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.geometry.placement import Placement, Rectangle
from ganoscope.data.picture import Picture


@dataclass(frozen=True)
class Case:
    """One image to translate.

    Attributes:
        name: Sample id, or the number of an image from a file.
        file: Number of the source file; "" for an image of a store.
        source: The image as given: its own size, unit and spacing.
        pixels: The image as a store holds it: stored units, shape (S, S).
        placement: Where the source lies in these pixels.
        filled: Where the prepared picture lies in them; the rest is padding.
        group: Patient or near-duplicate cluster.
        label: Domain of the run that the image belongs to; "" where unknown.
        raw_range: Source values at the ends of 16 bits, where the source was scaled.
        mask: Annotated finding, shape (S, S); None where there is none.
        anatomy: Outlined anatomy, such as lung fields, likewise; it is no finding.
        form: Format of the counterfactual: the name of a writer.
        hu_offset: Offset of Hounsfield units in formats that hold no negative values.
        path: The source file, for the geometry in its header; never written anywhere.
        trained: Whether the run was trained on the image.
        judged: Whether the independent classifier was trained or selected on the image.
    """

    name: str
    file: str
    source: Picture
    pixels: NDArray[np.generic]
    placement: Placement
    filled: Rectangle
    group: str
    label: str = ""
    raw_range: tuple[float, float] | None = None
    mask: NDArray[np.bool_] | None = None
    anatomy: NDArray[np.bool_] | None = None
    form: str = "png"
    hu_offset: int = 0
    path: Path | None = None
    trained: bool = False
    judged: bool = False

    @property
    def padding(self) -> NDArray[np.bool_]:
        """Where the square was filled because the picture did not reach, shape (S, S)."""
        padding, filled = np.ones(self.pixels.shape, bool), self.filled
        top, left = int(filled.top), int(filled.left)
        padding[top : top + int(filled.height), left : left + int(filled.width)] = False
        return padding


@dataclass(frozen=True)
class Refused:
    """A file, or a picture in it, that is not translated.

    Attributes:
        file: Number of the file.
        reason: Why it is not translated.
    """

    file: str
    reason: str


def draw_boxes(boxes: str, size: int) -> NDArray[np.bool_]:
    """Returns the pixels that boxes touch, shape (size, size), for boxes as a manifest states them.

    Example:
        >>> int(draw_boxes("1 0 2 3; 0 0 1 1", size=4).sum())
        7
    """
    mask = np.zeros((size, size), bool)
    for box in boxes.split(";"):
        x, y, width, height = map(float, box.split())
        rows, columns = (slice(max(0, int(low)), max(0, int(np.ceil(low + n)))) for low, n in ((y, height), (x, width)))
        mask[rows, columns] = True
    return mask
