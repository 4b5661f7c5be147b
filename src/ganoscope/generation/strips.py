"""Interpolations: images on the arc between two noise vectors, and one noise vector in every class."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.writers.png import save_marked
from ganoscope.figures.sheets import make_sheet
from ganoscope.generation.drawing import draw_noise
from ganoscope.generation.labels import Request
from ganoscope.generation.noise import interpolate, make_noise, truncate
from ganoscope.training.run_folder.samples import COLUMNS, ROWS, choose_rows


def save_strips(folder: Path, request: Request, steps: int, truncation: float) -> None:
    """Writes `interpolation.png` and, for a run of several classes, `interpolation_classes.png`.

    A strip leads from image 2k to image 2k + 1, both of the class in the caption. In the second picture, every column
    has one noise vector and every row one class: a class is a number, with nothing between two classes.

    Args:
        folder: Where to write.
        request: Which images were wanted.
        steps: Images of a strip, both ends included.
        truncation: See `truncate`.
    """
    run = request.run
    notes: dict[str, object] = {"seed": request.seed, "truncation": truncation, "steps": steps}
    codes = choose_rows(len(run.classes)) if request.code is None else np.full(ROWS, request.code)
    noise = truncate(make_noise(run.latent_dim, 0, 2 * len(codes), request.seed), truncation)
    paths = [interpolate(noise[2 * row], noise[2 * row + 1], steps) for row in range(len(codes))]
    images = draw_noise(run, np.concatenate(paths), np.repeat(codes, steps))
    names = [run.classes[code] if run.classes else "noise" for code in codes]
    captions = [f"{name} {2 * row} to {2 * row + 1}" for row, name in enumerate(names)]
    save_marked(folder / "interpolation.png", make_sheet(show(request, images), steps, captions), notes)
    if run.classes and request.code is None:
        save_class_grid(folder, request, noise[:COLUMNS], notes)


def save_class_grid(folder: Path, request: Request, noise: NDArray[np.float32], notes: dict[str, object]) -> None:
    """Writes the picture whose columns have one noise vector each and whose rows have one class each.

    Args:
        folder: Where to write.
        request: Which images were wanted.
        noise: One vector per column, shape (N, latent_dim).
        notes: PNG text.
    """
    codes = np.unique(choose_rows(len(request.run.classes)))
    images = draw_noise(request.run, np.tile(noise, (len(codes), 1)), np.repeat(codes, len(noise)))
    sheet = make_sheet(show(request, images), len(noise), [request.run.classes[code] for code in codes])
    save_marked(folder / "interpolation_classes.png", sheet, notes)


def show(request: Request, images: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Returns generated images (N, 1, H, W) in network range as 8-bit grey values (N, H, W), by way of stored units."""
    intensity = request.run.record.intensity
    return intensity.to_display(intensity.to_pixels(images[:, 0]))
