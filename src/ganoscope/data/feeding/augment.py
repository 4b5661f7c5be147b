"""Augmentation of training images on the device, limited to what is safe for the modality: sample first, then apply.

A policy gives the limits of each operation. `draw_factors` draws the random numbers of every image of the training
stream from the seed and the position of the image in the stream alone: batch size, number of processes and resuming
change nothing. `augment` applies them in one batched interpolation, differentiable in the images.

What is safe: a chest is never mirrored, since that moves the heart to the other side; Hounsfield units are measurements
and never rescaled; the scale of an MR signal is arbitrary, so a mild gain, gamma and bias field are harmless there
(Nyul and Udupa 1999, https://doi.org/10.1002/(SICI)1522-2594(199912)42:6%3C1072::AID-MRM11%3E3.0.CO;2-M). If the
modality is unknown or mixed, only operations that are harmless in all modalities are used.

A generator that sees augmented real images learns the augmented distribution (Karras et al. 2020, sect. 2.2,
https://arxiv.org/abs/2006.06676). The limits below are therefore narrow: each result must be plausible as the image of
a scanner, because generated images will look like it. They are choices of this project.

"""

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ganoscope.clipping import clip
from ganoscope.data.feeding.feed import draw_rows
from ganoscope.errors import describe, refuse
from ganoscope.seeds import Stream

FACTORS = 12
"""Random numbers per image; nine are used, so that new operations do not change the numbers of the others."""
DARKEST = 1e-4
"""Fraction of the range below which gamma is not applied: its slope at zero is infinite."""


@dataclass(frozen=True)
class Policy:
    """Limits of the augmentation; by default there is none. Factors apply both ways: 1.05 means 1/1.05 to 1.05.

    Source: gamma and bias field as augmentations of MR: Perez-Garcia et al. 2021 (TorchIO),
        https://doi.org/10.1016/j.cmpb.2021.106236
    Differs: the bias field is the exponential of a plane; intensity operations keep black black, so that padding and
        air stay at the lowest value.
    """

    rotation_degrees: float = 0.0
    """Largest rotation in either direction."""
    shift_share: float = 0.0
    """Largest shift along either axis, as a fraction of the side."""
    scale: float = 1.0
    """Largest scaling factor."""
    mirror: bool = False
    """Whether half of the images are flipped left to right."""
    gain: float = 1.0
    """Largest brightness factor above black."""
    gamma: float = 1.0
    """Largest gamma exponent."""
    bias: float = 1.0
    """Largest factor of the bias field in the middle of an edge, separately along both axes."""

    def __post_init__(self) -> None:
        """Checks every value.

        Raises:
            UserError: A value is out of range.
        """
        ranges = {"rotation_degrees": (0, 180), "shift_share": (0, 0.5)}
        ranges |= dict.fromkeys(("scale", "gain", "gamma", "bias"), (1, 2))
        refuse(
            [
                describe(f"{name} of the augmentation is out of range", getattr(self, name), f"{low} to {high}", "")
                for name, (low, high) in ranges.items()
                if not low <= getattr(self, name) <= high
            ]
        )

    @property
    def moves(self) -> bool:
        """Whether the policy changes the geometry."""
        return self.rotation_degrees > 0 or self.shift_share > 0 or self.scale > 1 or self.mirror

    @property
    def recolours(self) -> bool:
        """Whether the policy changes intensities, which is not allowed for Hounsfield units."""
        return self.gain > 1 or self.gamma > 1 or self.bias > 1


RADIOGRAPH = Policy(rotation_degrees=5, shift_share=0.05, scale=1.05, gain=1.1)
"""Patients stand slightly rotated and off centre, and exposure varies. No mirroring: it moves the heart."""
CT = Policy(rotation_degrees=5, shift_share=0.05, scale=1.05)
"""Patients lie slightly rotated and off centre, and fields of view vary. No intensity operations: HU are measured."""
MR = Policy(rotation_degrees=10, shift_share=0.05, scale=1.05, gain=1.1, gamma=1.1, bias=1.1)
"""Heads lie rotated, signals have no unit. No mirroring: the side of a lesion and brain asymmetry are findings."""
UNKNOWN = Policy(rotation_degrees=2, shift_share=0.05)
"""Within the limits of all other policies."""
POLICIES = {"DX": RADIOGRAPH, "CR": RADIOGRAPH, "CT": CT, "MR": MR}


def policy_of(modality: str) -> Policy:
    """Returns the policy that is safe for a DICOM modality code; `UNKNOWN` for a mixed or unknown modality.

    Example:
        >>> policy_of("DX").mirror, policy_of("CT").recolours, policy_of("mixed").rotation_degrees
        (False, False, 2)
    """
    return POLICIES.get(modality, UNKNOWN)


def draw_factors(seed: int, images_seen: int, count: int) -> NDArray[np.float32]:
    """Returns the random numbers of consecutive images in the training stream.

    Args:
        seed: Random seed of the run.
        images_seen: Number of images before the first one, over all processes.
        count: Number of images.

    Returns:
        Shape (count, FACTORS), in [-1, 1).
    """
    return (draw_rows(seed, Stream.AUGMENTATION, images_seen, count, FACTORS) * 2 - 1).astype(np.float32)


def augment(images: Tensor, policy: Policy, factors: Tensor) -> Tensor:
    """Returns augmented images; regions from outside the image are black.

    Order: mirror, scale, rotation, shift; then gamma, gain and bias field. Interpolation is linear: every value lies
    between its neighbours, which matters for HU; it also slightly reduces noise.

    Args:
        images: Shape (B, C, H, W), in [-1, 1]; gradients flow through.
        policy: Limits of the augmentation.
        factors: Random numbers in [-1, 1), shape (B, FACTORS), on the same device; 0 changes nothing.

    Returns:
        Same shape and data type, in [-1, 1].

    Source: differentiable, for generated as well as real images: Zhao et al. 2020,
        https://arxiv.org/abs/2006.10738
    """
    result, factors = images.float(), factors.float()
    if policy.moves:
        result = move(result, make_matrices(policy, factors))
    if policy.recolours:
        result = recolour(result, policy, factors)
    return clip(result, -1.0, 1.0).to(images.dtype)  # rounding and gain may leave the range


def make_matrices(policy: Policy, factors: Tensor) -> Tensor:
    """Returns, for each image, the affine map from positions in the result to positions in the image.

    With half a side as the unit, y pointing down, mirror M, rotation R, scale s and shift t: p = M R^-1 (q - t) / s.

    Args:
        policy: Limits of the augmentation.
        factors: Random numbers in [-1, 1), shape (B, FACTORS).

    Returns:
        Shape (B, 2, 3), rows x and y.
    """
    turn, zoom, right, down, side = factors[:, :5].unbind(1)
    angle = turn * math.radians(policy.rotation_degrees)
    size = torch.exp(zoom * math.log(policy.scale))
    cosine, sine = torch.cos(angle) / size, torch.sin(angle) / size
    x, y = right * 2 * policy.shift_share, down * 2 * policy.shift_share
    sign = torch.where(side < 0, -1.0, 1.0) if policy.mirror else torch.ones_like(side)
    first = torch.stack([cosine, sine, -cosine * x - sine * y], 1) * sign[:, None]
    second = torch.stack([-sine, cosine, sine * x - cosine * y], 1)
    return torch.stack([first, second], 1)


def move(images: Tensor, matrices: Tensor) -> Tensor:
    """Returns images (B, C, H, W) moved by matrices (B, 2, 3), linearly interpolated, -1 outside; angles are kept."""
    grid = make_grid(images, matrices)
    return F.grid_sample(images + 1.0, grid, mode="bilinear", padding_mode="zeros", align_corners=False) - 1.0


def make_grid(images: Tensor, matrices: Tensor) -> Tensor:
    """Returns the source position of each pixel of moved images, (B, H, W, 2), in the format of `grid_sample`.

    The products are written out: in a matrix product, autocast and TF32 would round the positions so much that
    neighbouring pixels could not be distinguished.
    """
    height, width = images.shape[-2:]
    half_height, half_width = height / max(height, width), width / max(height, width)
    x, y = make_axis(images, width) * half_width, make_axis(images, height)[:, None] * half_height
    rows = matrices[..., None, None]
    places = [rows[:, i, 0] * x + rows[:, i, 1] * y + rows[:, i, 2] for i in (0, 1)]
    return torch.stack([places[0] / half_width, places[1] / half_height], -1)


def make_axis(images: Tensor, count: int) -> Tensor:
    """Returns the pixel centres, shape (count,); -1 and 1 are the outer edges of the first and last pixel."""
    return (torch.arange(count, device=images.device, dtype=torch.float32) * 2 + 1) / count - 1


def recolour(images: Tensor, policy: Policy, factors: Tensor) -> Tensor:
    """Returns images after gamma, gain and bias field: u -> u^gamma * gain * field, where 0 is black and 1 white.

    Args:
        images: Shape (B, C, H, W), in [-1, 1].
        policy: Limits of the augmentation.
        factors: Random numbers in [-1, 1), shape (B, FACTORS).
    """
    exponent, factor, right, down = factors[:, 5:9, None, None, None].unbind(1)
    unit = (images + 1.0) / 2.0
    if policy.gamma > 1:
        curved = clip(unit, low=DARKEST) ** torch.exp(exponent * math.log(policy.gamma))
        unit = torch.where(unit > DARKEST, curved, unit)
    x, y = make_axis(images, images.shape[-1]), make_axis(images, images.shape[-2])[:, None]
    field = factor * math.log(policy.gain) + (right * x + down * y) * math.log(policy.bias)
    return unit * torch.exp(field) * 2.0 - 1.0
