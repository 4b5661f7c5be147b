"""Images from a trained generator: reproducible one by one, marked as synthetic, with their provenance."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ganoscope.contracts import draw
from ganoscope.data.feed import draw_rows
from ganoscope.data.sheet import make_sheet, save_picture
from ganoscope.errors import describe, refuse
from ganoscope.files import new_folder
from ganoscope.progress import ProgressBar
from ganoscope.training.processes import choose_device
from ganoscope.training.restore import TrainedRun, open_run

BLOCK = 16
"""Images per pass of the network, always: convolutions round differently at other batch sizes."""

LABEL_STREAM = 8
"""Of the random numbers that choose classes, see `draw_rows`."""

HU_OFFSET = 1024
"""PNG holds no negative values: HU is written as HU + 1024."""

COLUMNS = (
    "file",
    "index",
    "seed",
    "method",
    "run",
    "images_seen",
    "weights_sha256",
    "unit",
    "offset",
    "synthetic",
)


@dataclass(frozen=True)
class GenerateConfig:
    """What to generate."""

    number: int = 64
    """How many images."""
    seed: int = 0
    """Image i depends on the seed and i alone."""
    batch_size: int = 64
    """Images held in memory at once; has no effect on the images."""
    checkpoint: int | None = None
    """Images seen at the checkpoint to use; the newest where it is not given."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to compute."""

    def __post_init__(self) -> None:
        """Checks every value."""
        values = {"number": self.number, "batch-size": self.batch_size}
        refuse(
            [describe(f"--{name} is too small", value, "1 or more", "") for name, value in values.items() if value < 1]
        )


def make_noise(latent_dim: int, start: int, count: int, seed: int) -> NDArray[np.float32]:
    """Returns standard-normal noise for images `start` to `start + count - 1`, shape (count, latent_dim).

    Example:
        >>> bool((make_noise(3, 5, 1, seed=0) == make_noise(3, 4, 2, seed=0)[1:]).all())
        True
    """
    rows = [
        np.random.default_rng([seed, 23, index]).standard_normal(latent_dim, dtype=np.float32)
        for index in range(start, start + count)
    ]
    return np.stack(rows)


def choose_labels(run: TrainedRun, number: int, seed: int) -> NDArray[np.int64]:
    """Returns the class that each image is to have, shape (number,): drawn at the training images' prevalence.

    Image i's class depends on the seed and i alone. All are 0 where the generator knows no classes.
    """
    if not run.classes:
        return np.zeros(number, np.int64)
    edges = np.cumsum(list(run.record.class_counts.values()))
    places = draw_rows(seed, LABEL_STREAM, 0, number, 1)[:, 0] * edges[-1]
    return np.searchsorted(edges, places, side="right")


@torch.no_grad()
def draw_images(
    run: TrainedRun, number: int, seed: int, batch_size: int = BLOCK, labels: NDArray[np.int64] | None = None
) -> Iterator[NDArray[np.float32]]:
    """Yields generated images in network range, up to `batch_size` at a time, shape (B, 1, H, W).

    Args:
        run: Whose generator draws them.
        number: How many images.
        seed: Image i depends on the seed, i and its label alone.
        batch_size: Images at a time.
        labels: Class codes, shape (number,); where not given, what `choose_labels` returns.
    """
    device = next(run.generator.parameters()).device
    codes = torch.from_numpy(choose_labels(run, number, seed) if labels is None else labels)
    for start in range(0, number, batch_size):
        count = min(batch_size, number - start)
        padding = -count % BLOCK
        noise = torch.from_numpy(make_noise(run.latent_dim, start, count, seed))
        z = torch.nn.functional.pad(noise, (0, 0, 0, padding)).to(device).split(BLOCK)
        label = torch.nn.functional.pad(codes[start : start + count], (0, padding)).to(device).split(BLOCK)
        drawn = (draw(run.generator, *pair) for pair in zip(z, label if run.classes else [None] * len(z), strict=True))
        yield np.concatenate([images.float().cpu().numpy() for images in drawn])[:count]


def generate(run_path: Path, out: Path, config: GenerateConfig) -> int:
    """Writes generated images as PNG in stored units, a contact sheet, and `manifest.csv`; returns their number.

    Raises:
        UserError: The run is missing or damaged, or `out` is not empty.
    """
    run = open_run(run_path, choose_device(config.device), config.checkpoint)
    sheet: list[NDArray[np.generic]] = []
    with new_folder(out) as folder, (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        rows.writeheader()
        index = 0
        with ProgressBar("generating", config.number) as bar:
            for images in draw_images(run, config.number, config.seed, config.batch_size):
                for pixels in run.record.intensity.to_pixels(images[:, 0]):
                    row = describe_image(run, index, config.seed)
                    save_png(folder / str(row["file"]), pixels, row)
                    rows.writerow(row)
                    if index < 64:
                        sheet.append(pixels)
                    index += 1
                bar.advance(len(images))
        display = run.record.intensity.to_display(np.stack(sheet))
        save_picture(folder / "contact_sheet.png", make_sheet(display, min(8, len(sheet))))
    return config.number


def describe_image(run: TrainedRun, index: int, seed: int) -> dict[str, object]:
    """Returns the manifest row of one generated image."""
    return {
        "file": f"{index:06d}.png",
        "index": index,
        "seed": seed,
        "method": run.record.method,
        "run": run.path.name,
        "images_seen": run.images_seen,
        "weights_sha256": run.weights_sha256,
        "unit": run.record.intensity.unit,
        "offset": HU_OFFSET if run.record.intensity.dtype == "int16" else 0,
        "synthetic": "yes",
    }


def save_png(path: Path, pixels: NDArray[np.generic], row: dict[str, object]) -> None:
    """Writes one image, 8 or 16 bit, with its provenance and a synthetic mark as PNG text."""
    if pixels.dtype == np.int16:
        pixels = (pixels.astype(np.int32) + HU_OFFSET).clip(0, 65535).astype(np.uint16)
    text = PngInfo()
    text.add_text("Description", "SYNTHETIC image made by ganoscope; not a patient. For research use only.")
    for name in ("method", "seed", "index", "images_seen", "weights_sha256", "unit", "offset"):
        text.add_text(f"ganoscope:{name}", str(row[name]))
    Image.fromarray(pixels).save(path, format="PNG", pnginfo=text)
