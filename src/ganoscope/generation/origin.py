"""The provenance of generated images: for the tables, for every picture's own text, and for `provenance.json`."""

from collections.abc import Mapping
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from ganoscope.data import writers
from ganoscope.data.writers import GENERATED, Output, choose_hu_offset
from ganoscope.generation.config import GenerateConfig
from ganoscope.training.run_folder.record import list_versions
from ganoscope.training.run_folder.trained_run import TrainedRun

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
    "correlation",
    "copy_p_value",
    "confidence",
    "synthetic",
)
"""Columns of `manifest.csv`, the table of images in files of their own."""
FRAME_COLUMNS = ("frame", *COLUMNS[1:])
"""Columns of `frames.csv`, the table of images in one file; `prepare` takes a `manifest.csv` for a list of files."""
NOTES = ("method", "label", "seed", "index", "truncation", "images_seen", "weights_sha256")
"""Columns that a picture's own text repeats, in this order; unit and offset follow."""


def describe_image(run: TrainedRun, config: GenerateConfig, index: int, code: int) -> dict[str, object]:
    """Returns the row of one generated image, without its file and its screening result.

    Args:
        run: Run that the image is generated with.
        config: What was asked for.
        index: Number of the image.
        code: Class code of the image.
    """
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
        "offset": find_offset(run, config.format),
        "synthetic": "yes",
    }


def find_offset(run: TrainedRun, form: str) -> int:
    """Returns the offset that a format adds to Hounsfield units where it can't store negative values.

    It holds the lowest value that the run can generate.
    """
    intensity = run.record.intensity
    return choose_hu_offset(intensity.low) if intensity.dtype == "int16" and not writers.load(form).SIGNED else 0


def make_output(
    run: TrainedRun, config: GenerateConfig, pixels: NDArray[np.generic], row: Mapping[str, object]
) -> Output:
    """Returns a generated image as writers take it.

    Args:
        run: Run that the image is generated with.
        config: What was asked for.
        pixels: Stored units, shape (H, W).
        row: Result of `describe_image`.
    """
    notes = {name: row[name] for name in NOTES}
    return Output(pixels, str(row["unit"]), GENERATED, notes, find_offset(run, config.format))


def describe_run(run: TrainedRun, config: GenerateConfig) -> dict[str, object]:
    """Returns the entries of `provenance.json` about all images together; no paths, which may name a person."""
    record = run.record
    return {
        "synthetic": True,
        "notice": GENERATED.text,
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
        "hu_offset": find_offset(run, config.format),
        "versions": list_versions(),
    }
