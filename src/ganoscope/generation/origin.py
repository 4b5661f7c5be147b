"""Where an image comes from: what stands in the tables, in every picture's own text, and in `provenance.json`."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ganoscope.generation.config import GenerateConfig
from ganoscope.training.record import list_versions
from ganoscope.training.restore import TrainedRun

MARK = "SYNTHETIC image made by ganoscope; not a patient. For research use only."
REJECTED_MARK = "SYNTHETIC images made by ganoscope beside REAL training images: treat it as patient data."

HU_OFFSET = 1024
"""PNG holds no negative values: HU is written as HU + 1024."""

COLUMNS = (
    "file",
    "index",
    "label",
    "seed",
    "truncation",
    "method",
    "run",
    "images_seen",
    "weights_sha256",
    "unit",
    "offset",
    "distance",
    "confidence",
    "synthetic",
)
"""Of `manifest.csv`, which stands beside PNG files."""
FRAME_COLUMNS = ("frame", *COLUMNS[1:])
"""Of `frames.csv`, which stands beside a stack: `prepare` takes a table of files and labels for its list of images."""


def describe_image(run: TrainedRun, config: GenerateConfig, index: int, code: int) -> dict[str, object]:
    """Returns the row of one generated image, but for where it lies and what a screening found."""
    return {
        "index": index,
        "label": run.classes[code] if run.classes else "",
        "seed": config.seed,
        "truncation": config.truncation,
        "method": run.record.method,
        "run": run.path.name,
        "images_seen": run.images_seen,
        "weights_sha256": run.weights_sha256,
        "unit": run.record.intensity.unit,
        "offset": HU_OFFSET if config.format == "png" and run.record.intensity.dtype == "int16" else 0,
        "synthetic": "yes",
    }


def describe_run(run: TrainedRun, config: GenerateConfig) -> dict[str, object]:
    """Returns what `provenance.json` says of all images together; no paths, which may name a person."""
    record = run.record
    return {
        "synthetic": True,
        "notice": MARK,
        "run": run.path.name,
        "method": record.method,
        "images_seen": run.images_seen,
        "weights_sha256": run.weights_sha256,
        "trained_on": record.store_name,
        "store_fingerprint": record.store_fingerprint,
        "classes": list(run.classes),
        "seed": config.seed,
        "truncation": config.truncation,
        "format": config.format,
        "size_px": record.size,
        "intensity": asdict(record.intensity),
        "versions": list_versions(),
    }


def save_marked(path: Path, picture: NDArray[np.generic], notes: Mapping[str, object], mark: str = MARK) -> None:
    """Writes a grey picture as PNG, with a synthetic mark and notes as PNG text."""
    text = PngInfo()
    text.add_text("Description", mark)
    for name, value in notes.items():
        text.add_itxt(f"ganoscope:{name}", str(value))
    Image.fromarray(picture).save(path, format="PNG", pnginfo=text)
