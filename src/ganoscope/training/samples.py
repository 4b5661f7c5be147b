"""Fixed-noise sample grids: the same 64 noise vectors at every tick, through the averaged generator."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ganoscope.data.sheet import make_sheet, save_picture
from ganoscope.data.store import Store

COUNT = 64
COLUMNS = 8
NOISE_SEED = 20_161_107


@torch.no_grad()
def draw_samples(generator: nn.Module, latent_dim: int, device: torch.device) -> NDArray[np.float32]:
    """Returns 64 images of shape (64, H, W) in [-1, 1], always from the same noise."""
    noise = np.random.default_rng(NOISE_SEED).standard_normal((COUNT, latent_dim), dtype=np.float32)
    images: NDArray[np.float32] = generator(torch.from_numpy(noise).to(device)).float().cpu().numpy()
    return images[:, 0]


def save_samples(run: Path, images_seen: int, images: NDArray[np.float32], store: Store) -> NDArray[np.uint8]:
    """Writes the grid as `samples/<images seen>.png`, once also `samples/real.png`, and returns the grid."""
    intensity = store.intensity
    sheet = make_sheet(intensity.to_display(intensity.to_pixels(images)), COLUMNS)
    save_picture(run / "samples" / f"{images_seen:010d}.png", sheet)
    if not (run / "samples" / "real.png").exists():
        indices = store.indices("train")
        spread = np.linspace(0, len(indices) - 1, COUNT).astype(int)
        real = intensity.to_display(np.asarray(store.images[indices[spread]]))
        save_picture(run / "samples" / "real.png", make_sheet(real, COLUMNS))
    return sheet
