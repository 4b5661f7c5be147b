"""Alteration of images such that the patient stays the same: what a metric network learns to look past."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganoscope.data.feeding.augment import FACTORS, Policy, augment

LEARNED = Policy(rotation_degrees=8, shift_share=0.06, scale=1.12, gain=1.3, gamma=1.4, bias=1.3)
"""Wider than what is safe to train a generator with: no image is made of it, and a copy may be altered so much."""
PLANTED = Policy(rotation_degrees=4, shift_share=0.03, scale=1.05, gain=1.15, gamma=1.2)
"""Half of it: how copies are altered that the power of an audit is measured with."""
NOISE = 0.05
"""Largest standard deviation of added noise, in network range."""
LARGEST_HOLE = 0.2
"""Largest half side of a grey square that hides a part of an image, as a share of the side."""


def alter(images: NDArray[np.float32], policy: Policy, random: np.random.Generator, hole: bool = True) -> Tensor:
    """Returns images moved, recoloured, noised and, on request, with a square hidden.

    Args:
        images: Network range, shape (B, 1, H, W).
        policy: Limits of movement and intensities.
        random: Source of the draws.
        hole: Whether to hide a square: what is learned must not hang on one spot, such as a marker.

    Source: hidden squares: DeVries, Taylor 2017, https://arxiv.org/abs/1708.04552
    """
    count, size = len(images), images.shape[-1]
    factors = torch.from_numpy((random.random((count, FACTORS), np.float32) * 2 - 1).astype(np.float32))
    spread = NOISE * random.random((count, 1, 1, 1), np.float32)
    noise = torch.from_numpy(spread * random.standard_normal(images.shape, np.float32))
    altered = augment(torch.from_numpy(np.ascontiguousarray(images)), policy, factors) + noise
    if not hole:
        return altered
    half, row, column = (torch.from_numpy(random.random((count, 1, 1, 1), np.float32)) * size for _ in range(3))
    places = torch.arange(size, dtype=torch.float32)
    hidden = ((places[:, None] - row).abs() < half * LARGEST_HOLE) & ((places - column).abs() < half * LARGEST_HOLE)
    return torch.where(hidden, 0.0, altered)
