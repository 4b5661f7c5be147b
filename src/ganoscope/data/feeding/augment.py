"""Augmentation that is safe for the modality, on the device: sample first, then apply, each image in its own way.

A policy says how far each operation may go. `draw_factors` gives every image of the training stream its own random
numbers, by the seed and the image's place in the stream alone: the batch size, the number of processes and a resume in
between change nothing. `augment` applies them in one batched interpolation, differentiable in the images.

What is safe: a chest is never mirrored, since that moves the heart to the other side; Hounsfield units are measured and
never rescaled; the scale of an MR signal is arbitrary, so a mild gain, gamma and bias field are harmless there
(Nyul and Udupa 1999, https://doi.org/10.1002/(SICI)1522-2594(199912)42:6%3C1072::AID-MRM11%3E3.0.CO;2-M). Where the
modality is unknown or mixed, only what is harmless in all of them is left.

A generator that sees augmented real images learns the augmented distribution (Karras et al. 2020, sect. 2.2,
https://arxiv.org/abs/2006.06676). So the ranges below are narrow on purpose: each result has to pass for an image that
a scanner could have taken, because generated images will look like it. They are the choice of this project.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ganoscope.data.feeding.feed import draw_rows
from ganoscope.errors import describe, refuse
from ganoscope.seeds import Stream

FACTORS = 12
"""Random numbers per image; nine are in use, so an operation that is added later leaves the others' numbers alone."""
DARKEST = 1e-4
"""Share of the range below which gamma does nothing: its slope at zero is infinite."""


@dataclass(frozen=True)
class Policy:
    """How far augmentation may go; the default is not at all. Every factor goes both ways: 1.05 means 1/1.05 to 1.05.

    Source: gamma and bias field as augmentations of MR: Perez-Garcia et al. 2021 (TorchIO),
        https://doi.org/10.1016/j.cmpb.2021.106236
    Differs: the bias field is the exponential of a plane; intensity operations leave black black, so that padding and
        air stay at the lowest value.
    """

    rotation_degrees: float = 0.0
    """Largest rotation, either way."""
    shift_share: float = 0.0
    """Largest shift, as a share of the side, along either axis."""
    scale: float = 1.0
    """Largest factor of size."""
    mirror: bool = False
    """Whether half of the images are mirrored left to right."""
    gain: float = 1.0
    """Largest factor of brightness above black."""
    gamma: float = 1.0
    """Largest exponent of brightness."""
    bias: float = 1.0
    """Largest factor that a smooth field has in the middle of an edge, separately along both axes."""

    def __post_init__(self) -> None:
        """Checks every value."""
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
        """Whether it changes the geometry."""
        return self.rotation_degrees > 0 or self.shift_share > 0 or self.scale > 1 or self.mirror

    @property
    def recolours(self) -> bool:
        """Whether it changes intensities: never to be done to Hounsfield units."""
        return self.gain > 1 or self.gamma > 1 or self.bias > 1


RADIOGRAPH = Policy(rotation_degrees=5, shift_share=0.05, scale=1.05, gain=1.1)
"""Patients stand a little askew and off centre, exposure varies. No mirroring: it moves the heart."""
CT = Policy(rotation_degrees=5, shift_share=0.05, scale=1.05)
"""Patients lie a little turned and off centre, fields of view vary. No intensity operation: HU are measured."""
MR = Policy(rotation_degrees=10, shift_share=0.05, scale=1.05, gain=1.1, gamma=1.1, bias=1.1)
"""Heads lie turned, signals have no unit. No mirroring: a lesion's side and the brain's asymmetry are findings."""
UNKNOWN = Policy(rotation_degrees=2, shift_share=0.05)
"""Inside all others."""
POLICIES = {"DX": RADIOGRAPH, "CR": RADIOGRAPH, "CT": CT, "MR": MR}


def policy_of(modality: str) -> Policy:
    """Returns the policy that is safe for DICOM's code of a modality; for a mixture, or where it is unknown, the least.

    Example:
        >>> policy_of("DX").mirror, policy_of("CT").recolours, policy_of("mixed").rotation_degrees
        (False, False, 2)
    """
    return POLICIES.get(modality, UNKNOWN)


def draw_factors(seed: int, images_seen: int, count: int) -> NDArray[np.float32]:
    """Returns the random numbers for images at some place in the training stream.

    Args:
        seed: Of the run.
        images_seen: Images before the first one, counted over all processes.
        count: Number of images.

    Returns:
        Shape (count, FACTORS), in [-1, 1).
    """
    return (draw_rows(seed, Stream.AUGMENTATION, images_seen, count, FACTORS) * 2 - 1).astype(np.float32)


def augment(images: Tensor, policy: Policy, factors: Tensor) -> Tensor:
    """Returns augmented images; what comes in from outside the picture is black.

    The order: mirror, scale, rotation, shift; then gamma, gain and bias field. Interpolation is linear: it makes no
    value that is not between its neighbours, which matters for HU; it also damps noise a little.

    Args:
        images: Shape (B, C, H, W), in [-1, 1]; gradients flow through.
        policy: How far to go.
        factors: Random numbers in [-1, 1), shape (B, FACTORS), on the same device; 0 leaves an image as it is.

    Returns:
        Same shape and type, in [-1, 1].

    Source: differentiable, for generated images as well as real ones: Zhao et al. 2020,
        https://arxiv.org/abs/2006.10738
    """
    result, factors = images.float(), factors.float()
    if policy.moves:
        result = move(result, make_matrices(policy, factors))
    if policy.recolours:
        result = recolour(result, policy, factors)
    return result.clamp(-1.0, 1.0).to(images.dtype)  # rounding may leave the range by a hair, gain by more


def make_matrices(policy: Policy, factors: Tensor) -> Tensor:
    """Returns for each image the way from places in the result to places in the image.

    With half a side as the unit, y down, mirror M, rotation R, scale s and shift t: p = M R^-1 (q - t) / s.

    Args:
        policy: How far to go.
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
    """Returns images moved by `make_matrices`, linearly interpolated, -1 outside; rectangles keep their angles."""
    grid = make_grid(images, matrices)
    return F.grid_sample(images + 1.0, grid, mode="bilinear", padding_mode="zeros", align_corners=False) - 1.0


def make_grid(images: Tensor, matrices: Tensor) -> Tensor:
    """Returns where each pixel of moved images comes from, (B, H, W, 2), as `grid_sample` wants it.

    The products are written out: autocast, and TF32 on a GPU, would round the places that a matrix product gives to
    bits too few to tell neighbouring pixels apart.
    """
    height, width = images.shape[-2:]
    half_height, half_width = height / max(height, width), width / max(height, width)
    x, y = make_axis(images, width) * half_width, make_axis(images, height)[:, None] * half_height
    rows = matrices[..., None, None]
    places = [rows[:, i, 0] * x + rows[:, i, 1] * y + rows[:, i, 2] for i in (0, 1)]
    return torch.stack([places[0] / half_width, places[1] / half_height], -1)


def make_axis(images: Tensor, count: int) -> Tensor:
    """Returns the centres of `count` pixels, -1 and 1 being the outer edges of the first and the last."""
    return (torch.arange(count, device=images.device, dtype=torch.float32) * 2 + 1) / count - 1


def recolour(images: Tensor, policy: Policy, factors: Tensor) -> Tensor:
    """Returns images after gamma, gain and bias field: u -> u^gamma * gain * field, where 0 is black and 1 white."""
    exponent, factor, right, down = factors[:, 5:9, None, None, None].unbind(1)
    unit = (images + 1.0) / 2.0
    if policy.gamma > 1:
        curved = unit.clamp_min(DARKEST) ** torch.exp(exponent * math.log(policy.gamma))
        unit = torch.where(unit > DARKEST, curved, unit)
    x, y = make_axis(images, images.shape[-1]), make_axis(images, images.shape[-2])[:, None]
    field = factor * math.log(policy.gain) + (right * x + down * y) * math.log(policy.bias)
    return unit * torch.exp(field) * 2.0 - 1.0
