"""Where an image comes from: what stands in the tables, in every picture's own text, and in `provenance.json`."""

from dataclasses import asdict

from ganoscope.data.writers._marks import HU_OFFSET, MARK
from ganoscope.generation.config import GenerateConfig
from ganoscope.training.run_folder.record import list_versions
from ganoscope.training.run_folder.trained_run import TrainedRun

REJECTED_MARK = "SYNTHETIC images made by ganoscope beside REAL training images: treat it as patient data."


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
