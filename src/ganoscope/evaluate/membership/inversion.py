"""How closely the generator can be made to reproduce an image, by optimising its noise.

Source: Chen et al. 2020, "GAN-Leaks", sects. 4.2 and 5.3 (attack calibration), https://arxiv.org/abs/1909.03935
Differs: calibrated by the distance from real images of other patients instead of by a reference generator; of several
    random starts, the best is taken further.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganoscope.contracts import draw
from ganoscope.evaluate.attacks.suspects import Exposed, Suspects
from ganoscope.nets.evaluation_mode import find_device
from ganoscope.progress import ProgressBar
from ganoscope.seeds import Stream, stream
from ganoscope.training.run_folder.trained_run import TrainedRun

NAME = "inversion"
THREAT = "the attacker has the generator, and real images of other patients of the same kind"
NEEDS = frozenset({"generator"})
COUNTS = True
THOROUGH = True
STARTS, STEPS, LEARNING_RATE = 1024, 100, 0.05
"""Random images among which the start is chosen, and the steps of the optimiser (Adam)."""
PRIOR = 1e-3
"""Weight of the noise's squared length beside the mean squared error of pixels: it keeps the noise likely."""
BATCH = 64


def score(suspects: Suspects, exposed: Exposed) -> NDArray[np.float64]:
    """Returns log distance from the nearest real image of another patient minus log error of the inversion, (N,).

    Args:
        suspects: Real images.
        exposed: Holds the generator.
    """
    assert exposed.generator is not None
    images = suspects.images[:]
    errors = invert(exposed.generator, images, exposed.seed)
    nearest = find_nearest_error(images, suspects.groups)
    least = 1e-6 * max(float(np.median(nearest)), 1e-9)
    return np.log(np.maximum(nearest, least)) - np.log(np.maximum(errors, least))


def find_nearest_error(images: NDArray[np.float32], groups: NDArray[np.int64]) -> NDArray[np.float64]:
    """Returns the mean squared error of pixels of each image from the nearest image of another patient, shape (N,)."""
    flat = images.reshape(len(images), -1)
    squares = np.einsum("np,np->n", flat, flat, dtype=np.float64)
    nearest = np.empty(len(flat))
    for start in range(0, len(flat), BATCH):
        block = slice(start, start + BATCH)
        errors = squares[block, None] + squares - 2.0 * (flat[block] @ flat.T)
        errors[groups[block, None] == groups] = np.inf
        nearest[block] = errors.min(1).clip(min=0)
    return nearest / flat.shape[1]


@dataclass(frozen=True)
class Starts:
    """Noise, class codes (None without classes) and images that an inversion may start from, K of them."""

    noise: Tensor
    codes: Tensor | None
    images: Tensor


@torch.no_grad()
def draw_starts(run: TrainedRun, seed: int) -> Starts:
    """Returns random images of a run, classes in turn."""
    device = find_device(run.generator)
    drawn_noise = stream(seed, Stream.INVERSION_STARTS).standard_normal((STARTS, run.latent_dim), np.float32)
    noise = torch.from_numpy(drawn_noise).to(device)
    codes = torch.arange(STARTS, device=device) % len(run.classes) if run.classes else None
    parts = [slice(start, start + BATCH) for start in range(0, STARTS, BATCH)]
    drawn = [draw(run.generator, noise[part], None if codes is None else codes[part]) for part in parts]
    return Starts(noise, codes, torch.cat(drawn))


def invert(run: TrainedRun, images: NDArray[np.float32], seed: int) -> NDArray[np.float64]:
    """Returns the smallest mean squared error of pixels at which the generator reproduces each image, shape (N,).

    Args:
        run: Run with the generator.
        images: Network range, shape (N, 1, H, W).
        seed: Seed of the starts.
    """
    starts = draw_starts(run, seed)
    errors = []
    with ProgressBar("inverting the generator", len(images)) as progress:
        for block in torch.from_numpy(images).to(starts.images.device).split(BATCH):
            errors.append(invert_block(run, block, starts))
            progress.advance(len(block))
    return torch.cat(errors).double().cpu().numpy()


def invert_block(run: TrainedRun, images: Tensor, starts: Starts) -> Tensor:
    """Returns the smallest mean squared error of each image, shape (B,).

    Args:
        run: Run with the generator.
        images: Network range, shape (B, 1, H, W).
        starts: Where to start from.
    """
    first = torch.cdist(images.flatten(1), starts.images.flatten(1)).argmin(1)
    codes = None if starts.codes is None else starts.codes[first]
    z = starts.noise[first].clone().requires_grad_(True)
    optimizer = torch.optim.Adam([z], LEARNING_RATE)
    best = torch.full((len(images),), torch.inf, device=images.device)
    for _ in range(STEPS):
        optimizer.zero_grad()
        error = (draw(run.generator, z, codes) - images).square().flatten(1).mean(1)
        best = torch.minimum(best, error.detach())
        (error + PRIOR * z.square().mean(1)).sum().backward()
        optimizer.step()
    return best
