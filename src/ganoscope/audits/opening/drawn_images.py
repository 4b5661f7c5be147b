"""Synthetic images that a run draws for an audit, in a temporary file: memory does not grow with their number."""

import tempfile

import numpy as np

from ganoscope.audits.audit_evidence import SyntheticImages
from ganoscope.generation.drawing import draw_images
from ganoscope.generation.labels import choose_labels
from ganoscope.progress import ProgressBar
from ganoscope.training.run_folder.trained_run import TrainedRun

BATCH = 64
"""Images drawn at a time."""


def draw_synthetic(run: TrainedRun, number: int, seed: int) -> SyntheticImages:
    """Returns images of a run, those that `generate` would draw with the same seed, as they are: none is screened.

    Args:
        run: Run with the generator.
        number: Number of images.
        seed: Random seed.
    """
    size = run.record.size
    with tempfile.TemporaryFile() as file, ProgressBar("drawing images", number) as bar:
        for images in draw_images(run, number, seed, BATCH):
            file.write(images.astype(np.float32).tobytes())
            bar.advance(len(images))
        file.flush()
        pixels = np.memmap(file, np.float32, "r", shape=(number, 1, size, size))
    codes = choose_labels(run, number, seed)
    return SyntheticImages(
        names=np.array([f"image-{index:07d}" for index in range(number)]),
        load=lambda positions: np.array(pixels[positions]),
        labels=np.array(run.classes)[codes] if run.classes else None,
        source=f"{number:,} images of run {run.path.name} ({run.record.method}, {run.images_seen:,} images seen)",
        sha256=run.weights_sha256,
        weights_sha256=run.weights_sha256,
    )
