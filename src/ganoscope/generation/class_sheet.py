"""Contact sheets: generated images in rows of one class."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.writers.png import save_marked
from ganoscope.figures.sheets import make_sheet
from ganoscope.generation.config import GenerateConfig
from ganoscope.generation.labels import Request
from ganoscope.training.run_folder.samples import COLUMNS, MAX_ROWS, ROWS, choose_rows


@dataclass
class Gallery:
    """The first images of every class, as many as a sheet has room for; the first classes only where there are many.

    Attributes:
        room: Number of images to keep of each class, by class code.
        pictures: Images kept so far, by class code: stored units, shape (H, W) each.
    """

    room: Mapping[int, int]
    pictures: dict[int, list[NDArray[np.generic]]] = field(default_factory=dict)

    def add(self, pixels: NDArray[np.generic], code: int) -> None:
        """Keeps an image in stored units, shape (H, W), where there is room for it."""
        if code in self.pictures or len(self.pictures) < MAX_ROWS:
            kept = self.pictures.setdefault(code, [])
            kept += [pixels] if len(kept) < self.room[code] else []


def make_gallery(request: Request) -> Gallery:
    """Returns an empty gallery with room for as many rows of every class as training samples have."""
    if request.code is not None:
        return Gallery({request.code: ROWS * COLUMNS})
    count = max(1, len(request.run.classes))
    rows = np.bincount(choose_rows(count), minlength=count)
    return Gallery({code: COLUMNS * max(1, number) for code, number in enumerate(rows.tolist())})


def save_contact_sheet(folder: Path, request: Request, gallery: Gallery, config: GenerateConfig) -> None:
    """Writes `contact_sheet.png`: the first images of every class, in rows with its name.

    Args:
        folder: Where to write.
        request: Which images were wanted.
        gallery: The first images.
        config: What was asked for.
    """
    run = request.run
    display = {
        run.classes[code] if run.classes else "": list(run.record.intensity.to_display(np.stack(pictures)))
        for code, pictures in sorted(gallery.pictures.items())
        if pictures
    }
    notes = {"seed": config.seed, "truncation": config.truncation, "method": run.record.method}
    save_marked(folder / "contact_sheet.png", arrange(display), notes)


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
