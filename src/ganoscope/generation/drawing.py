"""Draws images with the generator: the bits of image i do not depend on what else is in its batch."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from ganoscope.contracts import draw
from ganoscope.generation.config import GenerateConfig
from ganoscope.generation.labels import choose_labels, make_request
from ganoscope.generation.noise import make_noise, truncate
from ganoscope.training.run_folder.trained_run import TrainedRun, refuse_translation

BLOCK = 16
"""Images per forward pass, always: convolutions round differently at other batch sizes."""


def draw_images(
    run: TrainedRun, number: int, seed: int, batch_size: int = BLOCK, labels: NDArray[np.int64] | None = None
) -> Iterator[NDArray[np.float32]]:
    """Yields generated images in network range, up to `batch_size` at a time, shape (B, 1, H, W).

    Args:
        run: Run with the generator.
        number: Number of images.
        seed: Image i depends on the seed, i and its label alone.
        batch_size: Most images to yield at a time.
        labels: Class codes, shape (number,); those that `choose_labels` returns where they are not given.
    """
    codes = choose_labels(run, number, seed) if labels is None else labels
    for start in range(0, number, batch_size):
        indices = np.arange(start, min(start + batch_size, number))
        yield draw_chosen(run, indices, codes[indices], seed)


def draw_chosen(
    run: TrainedRun, indices: NDArray[np.int64], codes: NDArray[np.int64], seed: int, truncation: float = 1.0
) -> NDArray[np.float32]:
    """Returns the images of these numbers and classes in network range, shape (B, 1, H, W).

    Args:
        run: Run with the generator.
        indices: Numbers of the images, shape (B,), B at least 1.
        codes: Class codes of the images, shape (B,).
        seed: Seed of the noise.
        truncation: See `truncate`.
    """
    noise = np.concatenate([make_noise(run.latent_dim, index, 1, seed) for index in indices.tolist()])
    return draw_noise(run, truncate(noise, truncation), codes)


@torch.no_grad()
def draw_noise(run: TrainedRun, noise: NDArray[np.float32], codes: NDArray[np.int64]) -> NDArray[np.float32]:
    """Returns generated images in network range, shape (B, 1, H, W).

    Args:
        run: Run with the generator.
        noise: Noise vectors, shape (B, latent_dim).
        codes: Class codes, shape (B,); ignored where the generator is not conditioned on classes.
    """
    device = next(run.generator.parameters()).device
    padding = -len(noise) % BLOCK
    z = torch.nn.functional.pad(torch.from_numpy(noise), (0, 0, 0, padding)).to(device).split(BLOCK)
    label = torch.nn.functional.pad(torch.from_numpy(codes), (0, padding)).to(device).split(BLOCK)
    drawn = (draw(run.generator, *pair) for pair in zip(z, label if run.classes else [None] * len(z), strict=True))
    return np.concatenate([images.float().cpu().numpy() for images in drawn])[: len(noise)]


def sample(run: TrainedRun, number: int = 16, seed: int = 0, class_name: str = "") -> NDArray[np.generic]:
    """Returns generated images in stored units, such as HU or grey values, shape (number, H, W), without a screening.

    `generate` writes the same images to a folder, with a screening, their labels and their provenance.

    Args:
        run: Run with the generator, see `open_run`.
        number: Number of images, at least 1.
        seed: Image i depends on the seed, i and its class alone.
        class_name: Class of all images, where the run knows classes; by default, each class at its share of the
            training images.

    Raises:
        UserError: The run translates images, or does not know the class; `number` is below 1.
    """
    refuse_translation(run)
    request = make_request(run, GenerateConfig(number=number, seed=seed, class_name=class_name))
    images = draw_chosen(run, np.arange(number), request.choose(0, number), seed)
    return run.record.intensity.to_pixels(images[:, 0])
