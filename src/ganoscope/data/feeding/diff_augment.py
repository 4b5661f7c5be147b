"""Differentiable augmentation of all that a discriminator sees: wider than what real images may undergo.

Real and generated images are changed alike before the discriminator judges them, and gradients flow back through the
change. So a small data set gives many different tasks, the discriminator can't learn its images by heart, and the
generator still learns the images as they were: a distribution can be told from its augmented one as long as each
operation leaves enough images alone (Karras et al. 2020, sect. 2.2, https://arxiv.org/abs/2006.06676). The operations
are shift, rotation and size (which `data.augment` computes), brightness and contrast, and a grey square that hides a
part.

Mirroring is no operation here: generated chests would be mirrored as well, as nothing would tell the two apart.
Hounsfield units are never rescaled.

Source: differentiable augmentation of both: Zhao et al. 2020 (DiffAugment), https://arxiv.org/abs/2006.10738; one
    probability for every operation: Karras et al. 2020 (ADA), appendix B, https://arxiv.org/abs/2006.06676
Differs: no colours, flips, filters or noise; ranges are chosen by modality, and are this project's.
"""

from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ganoscope.data.feeding.augment import Policy, make_grid, make_matrices
from ganoscope.errors import describe, refuse

OPERATIONS = 6
"""Rotation, size, shift, brightness, contrast, square: each happens to an image or not."""
FACTORS = OPERATIONS + 9
"""Uniform random numbers per image: one per operation for whether, the rest for how far."""


@dataclass(frozen=True)
class DiscriminatorPolicy:
    """How far the augmentation of a discriminator's images may go."""

    geometry: Policy
    """Rotation, size and shift; its operations on intensity are not used."""
    brightness: float = 0.0
    """Largest shift of intensity, in network range: 2 is the whole range."""
    contrast: float = 1.0
    """Largest factor of the distance from the image's mean, either way."""
    square_share: float = 0.0
    """Side of the hidden square, as a share of the image's."""

    def __post_init__(self) -> None:
        """Checks every value."""
        ranges = {"brightness": (0, 1), "contrast": (1, 3), "square_share": (0, 0.75)}
        faults = [
            describe(f"{name} of the augmentation is out of range", getattr(self, name), f"{low} to {high}", "")
            for name, (low, high) in ranges.items()
            if not low <= getattr(self, name) <= high
        ]
        if self.geometry.mirror:
            faults.append(describe("mirror of the augmentation is on", True, "False", "Generated images would follow."))
        refuse(faults)

    @property
    def recolours(self) -> bool:
        """Whether it changes intensities: never to be done to Hounsfield units."""
        return self.brightness > 0 or self.contrast > 1


RADIOGRAPH = DiscriminatorPolicy(Policy(rotation_degrees=10, shift_share=0.125, scale=1.2), 0.3, 1.4, 0.4)
"""Exposure varies, so brightness and contrast may."""
CT = DiscriminatorPolicy(Policy(rotation_degrees=15, shift_share=0.125, scale=1.2), square_share=0.4)
"""No intensity operation, also where windowed CT comes without its units."""
MR = DiscriminatorPolicy(Policy(rotation_degrees=20, shift_share=0.125, scale=1.2), 0.3, 1.4, 0.4)
"""Signals have no unit, heads lie turned."""
UNKNOWN = DiscriminatorPolicy(Policy(rotation_degrees=10, shift_share=0.125, scale=1.2), 0.3, 1.4, 0.4)
"""What is allowed to radiographs; without brightness and contrast in a store of Hounsfield units."""
POLICIES = {"DX": RADIOGRAPH, "CR": RADIOGRAPH, "CT": CT, "MR": MR}


def choose_policy(modality: str, unit: str) -> DiscriminatorPolicy:
    """Returns the policy for DICOM's code of a modality, or for a mixture or an unknown one, and a store's unit.

    Example:
        >>> choose_policy("DX", "grey 8 bit").recolours, choose_policy("", "HU").recolours
        (True, False)
    """
    policy = POLICIES.get(modality, UNKNOWN)
    return replace(policy, brightness=0.0, contrast=1.0) if unit == "HU" else policy


def diff_augment(images: Tensor, policy: DiscriminatorPolicy, probability: Tensor, numbers: Tensor) -> Tensor:
    """Returns augmented images: moved, black coming in from outside; then recoloured; then with a square hidden.

    Gradients of any order flow to the images, as penalties on a discriminator's slope need.

    Args:
        images: Shape (B, C, H, W), in [-1, 1].
        policy: How far to go.
        probability: Of each operation, for each image; a scalar.
        numbers: Uniform random numbers in [0, 1), shape (B, FACTORS), on the same device.

    Returns:
        Same shape and type. Brightness and contrast may lead out of [-1, 1]: nothing is clipped, so that no gradient is
        lost.
    """
    result, numbers = images.float(), numbers.float()
    happens = (numbers[:, :OPERATIONS] < probability).float()
    factors = numbers[:, OPERATIONS:] * 2 - 1
    if policy.geometry.moves:
        turn, zoom, shift = happens[:, 0], happens[:, 1], happens[:, 2]
        order = torch.stack([turn, zoom, shift, shift, torch.zeros_like(turn)], 1)
        result = move(result, make_grid(result, make_matrices(policy.geometry, factors[:, :5] * order)))
    if policy.recolours:
        shift, factor = (factors[:, 5:7] * happens[:, 3:5])[..., None, None, None].unbind(1)
        mean = result.mean((1, 2, 3), keepdim=True)
        result = mean + (result - mean) * policy.contrast**factor + shift * policy.brightness
    if policy.square_share > 0:
        hidden = make_squares(result, policy.square_share, factors[:, 7:9]) * happens[:, 5, None, None, None]
        result = result * (1.0 - hidden)
    return result.to(images.dtype)


def make_squares(images: Tensor, share: float, factors: Tensor) -> Tensor:
    """Returns masks (B, 1, H, W) that are 1 in a square around a place, (B, 2) in [-1, 1): -1 and 1 are the edges."""
    height, width = images.shape[-2:]
    x, y = ((torch.arange(n, device=images.device) * 2 + 1) / n - 1 for n in (width, height))
    inside = [(axis - centre[:, None]).abs() <= share for axis, centre in zip((x, y), factors.unbind(1), strict=True)]
    return (inside[0][:, None, :] & inside[1][:, :, None]).float()[:, None]


def move(images: Tensor, grid: Tensor) -> Tensor:
    """Returns images interpolated at the places of `make_grid`, -1 outside; differentiable any number of times."""
    moved: Tensor = Interpolation.apply(images + 1.0, grid)  # type: ignore[no-untyped-call]
    return moved - 1.0


class Interpolation(torch.autograd.Function):
    """Linear interpolation, whose gradient is again a linear function of its input with a gradient.

    PyTorch has no derivative for the backward pass of `grid_sample`.
    """

    @staticmethod
    def forward(ctx: Any, images: Tensor, grid: Tensor) -> Tensor:
        """Returns the images' values at the grid's places, 0 outside."""
        ctx.save_for_backward(grid)
        ctx.shape = images.shape
        return F.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """Returns the gradient of the images."""
        (grid,) = ctx.saved_tensors
        return Distribution.apply(gradient, grid, ctx.shape), None  # type: ignore[no-untyped-call]


class Distribution(torch.autograd.Function):
    """The transpose of `Interpolation`: adds each value to the pixels that it would have been interpolated from."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, grid: Tensor, shape: torch.Size) -> Tensor:
        """Returns images of a shape."""
        ctx.save_for_backward(grid)
        empty = values.new_empty(()).expand(shape)
        return torch.ops.aten.grid_sampler_2d_backward(values, empty, grid, 0, 0, False, (True, False))[0]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        """Returns the gradient of the values."""
        (grid,) = ctx.saved_tensors
        return Interpolation.apply(gradient, grid), None, None  # type: ignore[no-untyped-call]
