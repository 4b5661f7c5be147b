"""Input conversion from images in [-1, 1] to those that a published body was trained on."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Mean and standard deviation of red, green and blue in [0, 1], as in the training of torchvision's networks."""
XRV_RANGE = 1024.0
"""torchxrayvision's pictures lie in [-1024, 1024]."""


class Input(NamedTuple):
    """Input channels of a body for an image x in [-1, 1]: scale x + shift."""

    scale: tuple[float, ...]
    shift: tuple[float, ...]

    @property
    def channels(self) -> int:
        """Number of channels that the body takes."""
        return len(self.scale)


INPUTS = {
    "grey": Input((1.0,), (0.0,)),
    "imagenet": Input(
        tuple(0.5 / std for std in IMAGENET_STD),
        tuple((0.5 - mean) / std for mean, std in zip(IMAGENET_MEAN, IMAGENET_STD, strict=True)),
    ),
    "xrv": Input((XRV_RANGE,), (0.0,)),
}
"""Conversions by input kind; for ImageNet, ((x + 1) / 2 - mean) / std with the one channel repeated."""


class Rescale(nn.Module):
    """Converts one channel x to the channels scale x + shift; both are saved with the weights."""

    def __init__(self, scale: tuple[float, ...], shift: tuple[float, ...]) -> None:
        super().__init__()
        self.scale: Tensor
        self.shift: Tensor
        self.register_buffer("scale", torch.tensor(scale)[:, None, None])
        self.register_buffer("shift", torch.tensor(shift)[:, None, None])

    def forward(self, image: Tensor) -> Tensor:
        """Returns (B, channels, H, W) for images (B, 1, H, W)."""
        return image * self.scale + self.shift


def make_input(input_kind: str) -> Rescale:
    """Returns the input module of a kind of body."""
    return Rescale(*INPUTS[input_kind])
