"""Pictures to look at: images in rows of one class, and what was turned away."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ganoscope.figures.sheets import make_sheet
from ganoscope.generation.labels import Request
from ganoscope.training.run_folder.samples import COLUMNS, MAX_ROWS, ROWS, choose_rows


@dataclass
class Gallery:
    """The first images of every class, as many as a sheet has room for; of many classes, those that come first.

    Attributes:
        room: Images of each class code that are kept.
        pictures: Those that came so far, stored units, (H, W) each.
    """

    room: Mapping[int, int]
    pictures: dict[int, list[NDArray[np.generic]]] = field(default_factory=dict)

    def add(self, pixels: NDArray[np.generic], code: int) -> None:
        """Keeps the image where there is room for it."""
        if code in self.pictures or len(self.pictures) < MAX_ROWS:
            kept = self.pictures.setdefault(code, [])
            kept += [pixels] if len(kept) < self.room[code] else []


def make_gallery(request: Request) -> Gallery:
    """Returns an empty gallery with room for rows of every class as in the samples of a training, or of one class."""
    if request.code is not None:
        return Gallery({request.code: ROWS * COLUMNS})
    count = max(1, len(request.run.classes))
    rows = np.bincount(choose_rows(count), minlength=count)
    return Gallery({code: COLUMNS * max(1, number) for code, number in enumerate(rows.tolist())})


def arrange(groups: Mapping[str, Sequence[NDArray[np.uint8]]]) -> NDArray[np.uint8]:
    """Returns a sheet of pictures, (H, W) each, in which every group begins a row; its name, if any, is the caption."""
    columns = min(COLUMNS, max(map(len, groups.values())))
    rows: list[NDArray[np.uint8]] = []
    captions: list[str] = []
    for name, pictures in groups.items():
        blanks = -len(pictures) % columns if len(groups) > 1 else 0
        rows += [*pictures, *[np.zeros_like(pictures[0])] * blanks]
        captions += [name] * -(-len(pictures) // columns)
    return make_sheet(np.stack(rows), columns, captions if any(captions) else None)
