"""Differentiable augmentation of all inputs of a discriminator, with wider limits than for the training images.

Real and generated images are augmented alike before the discriminator classifies them, and gradients flow back through
the augmentation. A small data set then gives many different tasks, so the discriminator can't memorise its images, and
the generator still learns the unaugmented distribution: it can be recovered from the augmented one as long as each
operation leaves enough images unchanged (Karras et al. 2020, sect. 2.2, https://arxiv.org/abs/2006.06676). The
operations are shift, rotation and scale (computed by `feeding.augment`), brightness, contrast, and a grey square that
hides a part.

Mirroring is not among them: generated chests would be mirrored as well, as nothing would distinguish the two.
Hounsfield units are never rescaled.

Source: differentiable augmentation of both: Zhao et al. 2020 (DiffAugment), https://arxiv.org/abs/2006.10738; one
    probability for every operation: Karras et al. 2020 (ADA), appendix B, https://arxiv.org/abs/2006.06676
Differs: no colours, flips, filters or noise; limits depend on the modality and are choices of this project.

"""

from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ganoscope.data.feeding.augment import Policy, make_grid, make_matrices
from ganoscope.errors import describe, refuse

OPERATIONS = 6
"""Number of operations: rotation, scale, shift, brightness, contrast, square; each is applied to an image or not."""
FACTORS = OPERATIONS + 9
"""Uniform random numbers per image: one per operation for whether it is applied, the rest for its strength."""


@dataclass(frozen=True)
class DiscriminatorPolicy:
    """Limits of the augmentation of a discriminator's inputs."""

    geometry: Policy
    """Limits of rotation, scale and shift; its intensity operations are not used."""
    brightness: float = 0.0
    """Largest intensity shift in network range; 2 is the whole range."""
    contrast: float = 1.0
    """Largest contrast factor around the mean of the image, both ways."""
    square_share: float = 0.0
    """Side of the hidden square, as a fraction of the side of the image."""

    def __post_init__(self) -> None:
        """Checks every value.

        Raises:
            UserError: A value is out of range, or the policy mirrors images.
        """
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
        """Whether the policy changes intensities, which is not allowed for Hounsfield units."""
        return self.brightness > 0 or self.contrast > 1


RADIOGRAPH = DiscriminatorPolicy(Policy(rotation_degrees=10, shift_share=0.125, scale=1.2), 0.3, 1.4, 0.4)
"""Exposure varies, so brightness and contrast are augmented."""
CT = DiscriminatorPolicy(Policy(rotation_degrees=15, shift_share=0.125, scale=1.2), square_share=0.4)
"""No intensity operations, even for windowed CT without units."""
MR = DiscriminatorPolicy(Policy(rotation_degrees=20, shift_share=0.125, scale=1.2), 0.3, 1.4, 0.4)
"""Signals have no unit, and heads lie rotated."""
UNKNOWN = DiscriminatorPolicy(Policy(rotation_degrees=10, shift_share=0.125, scale=1.2), 0.3, 1.4, 0.4)
"""As for radiographs; without brightness and contrast in a store in Hounsfield units."""
POLICIES = {"DX": RADIOGRAPH, "CR": RADIOGRAPH, "CT": CT, "MR": MR}


def choose_policy(modality: str, unit: str) -> DiscriminatorPolicy:
    """Returns the policy for a DICOM modality code (`UNKNOWN` if mixed or unknown) and the unit of the store.

    Example:
        >>> choose_policy("DX", "grey 8 bit").recolours, choose_policy("", "HU").recolours
        (True, False)
    """
    policy = POLICIES.get(modality, UNKNOWN)
    return replace(policy, brightness=0.0, contrast=1.0) if unit == "HU" else policy


def diff_augment(images: Tensor, policy: DiscriminatorPolicy, probability: Tensor, numbers: Tensor) -> Tensor:
    """Returns augmented images: first moved (black outside), then recoloured, then with a hidden square.

    Gradients of any order flow to the images, as gradient penalties require.

    Args:
        images: Shape (B, C, H, W), in [-1, 1].
        policy: Limits of the augmentation.
        probability: Probability of each operation for each image, a scalar.
        numbers: Uniform random numbers in [0, 1), shape (B, FACTORS), on the same device.

    Returns:
        Same shape and data type. Brightness and contrast may leave [-1, 1]: values are not clipped, so that no gradient
        is lost.
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
    """Returns masks (B, 1, H, W) that are 1 inside a square.

    Args:
        images: Images to mask, shape (B, C, H, W).
        share: Side of the square, as a fraction of the side of the image.
        factors: Centre of the square, shape (B, 2), in [-1, 1); -1 and 1 are the edges of the image.
    """
    height, width = images.shape[-2:]
    x, y = ((torch.arange(n, device=images.device) * 2 + 1) / n - 1 for n in (width, height))
    inside = [(axis - centre[:, None]).abs() <= share for axis, centre in zip((x, y), factors.unbind(1), strict=True)]
    return (inside[0][:, None, :] & inside[1][:, :, None]).float()[:, None]


def move(images: Tensor, grid: Tensor) -> Tensor:
    """Returns images (B, C, H, W) interpolated at the positions of `make_grid`, (B, H, W, 2), -1 outside.

    Differentiable any number of times.
    """
    moved: Tensor = Interpolation.apply(images + 1.0, grid)  # type: ignore[no-untyped-call]
    return moved - 1.0


class Interpolation(torch.autograd.Function):
    """Linear interpolation that can be differentiated twice.

    PyTorch has no derivative of the backward pass of `grid_sample`.
    """

    @staticmethod
    def forward(ctx: Any, images: Tensor, grid: Tensor) -> Tensor:
        """Returns the images interpolated at the positions of the grid, 0 outside.

        Args:
            ctx: Context of the function.
            images: Shape (B, C, H, W).
            grid: Positions, shape (B, H, W, 2).
        """
        ctx.save_for_backward(grid)
        ctx.shape = images.shape
        return F.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """Returns the gradient with respect to the images, (B, C, H, W)."""
        (grid,) = ctx.saved_tensors
        return Distribution.apply(gradient, grid, ctx.shape), None  # type: ignore[no-untyped-call]


class Distribution(torch.autograd.Function):
    """Transpose of `Interpolation`: adds each value to the pixels that it is interpolated from."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, grid: Tensor, shape: torch.Size) -> Tensor:
        """Returns images of the given shape.

        Args:
            ctx: Context of the function.
            values: Values to distribute, shape (B, C, H, W).
            grid: Positions of the values, shape (B, H, W, 2).
            shape: Shape of the images.
        """
        ctx.save_for_backward(grid)
        empty = values.new_empty(()).expand(shape)
        return torch.ops.aten.grid_sampler_2d_backward(values, empty, grid, 0, 0, False, (True, False))[0]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        """Returns the gradient with respect to the values, (B, C, H, W)."""
        (grid,) = ctx.saved_tensors
        return Interpolation.apply(gradient, grid), None, None  # type: ignore[no-untyped-call]
