"""Generator that translates images: CycleGAN's residual network, which returns its encoder's maps from the same pass.

Source: Zhu, Park, Isola, Efros 2017, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks",
    appendix 7.2, https://arxiv.org/abs/1703.10593, after Johnson, Alahi, Fei-Fei 2016,
    https://arxiv.org/abs/1603.08155; which maps: Park, Efros, Zhang, Zhu 2020 (CUT), appendix,
    https://arxiv.org/abs/2007.15651
Differs: 8 residual blocks instead of 6 or 9; bilinear enlargement and a 3 x 3 convolution instead of transposed ones,
    against checkerboards; convolutions before an instance norm have no bias, because the norm removes it again and only
    rounding would change it. Instance norm has no scale and shift, as in CycleGAN's code. CUT's code blurs after
    convolutions of stride 1; here they have stride 2, and their maps half the side.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganoscope.errors import describe
from ganoscope.nets.dcgan import init_weights

SIDE_STEP, MIN_SIDE = 4, 8
LAST_ENCODER_BLOCK = 5
"""Number of the last residual block whose maps are returned, counted from 1; the other one is the first."""


def check_sides(sides: Sequence[int], step: int, least: int) -> None:
    """Refuses sides that a network can't handle.

    Args:
        sides: Sides in pixels.
        step: Number that every side must be a multiple of.
        least: The smallest side allowed.

    Raises:
        ValueError: A side is too small or not a multiple.
    """
    if any(side % step or side < least for side in sides):
        given, multiples = " x ".join(str(side) for side in sides), f"multiples of {step}, " if step > 1 else ""
        remedy = "Prepare a store with another --size."
        raise ValueError(describe("image size does not suit the network", given, f"{multiples}{least} or more", remedy))


class Translation(NamedTuple):
    """A translated image and the encoder's features of its source.

    Attributes:
        image: Translation in [-1, 1], shape (B, 1, H, W).
        features: Result of `encode` for the source image, shapes (B, C, h, w).
    """

    image: Tensor
    features: tuple[Tensor, ...]


class ResNetGenerator(nn.Module):
    """Translates images (B, 1, H, W) in [-1, 1] into such images; H and W are multiples of 4, at least 8.

    Attributes:
        feature_channels: Numbers of channels of the maps that `encode` returns.
    """

    def __init__(self, channels: int = 64, blocks: int = 8) -> None:
        super().__init__()
        widths = [channels, 2 * channels, 4 * channels]
        residual = [ResidualBlock(widths[-1]) for _ in range(blocks)]
        self.start = nn.Conv2d(1, channels, 7, 1, 3, padding_mode="reflect", bias=False)
        self.downs = nn.ModuleList(nn.Conv2d(narrow, wide, 3, 2, 1, bias=False) for narrow, wide in pairwise(widths))
        self.blocks = nn.ModuleList(residual[:LAST_ENCODER_BLOCK])
        ups = [up_block(wide, narrow) for wide, narrow in pairwise(widths[::-1])]
        self.decoder = nn.Sequential(*residual[LAST_ENCODER_BLOCK:], *ups, ImageHead(channels, 7))
        self.feature_channels = (1, *widths[1:], *[widths[-1]] * min(blocks, 2))
        self.apply(init_weights)

    def encode(self, image: Tensor) -> tuple[Tensor, ...]:
        """Returns the maps (B, C, h, w) in which patches of an image (B, 1, H, W) are compared, without the decoder.

        They are the pixels, the first and second stride-2 convolution (before their norm), and the first and the fifth
        residual block, or the last where there are fewer.

        Raises:
            ValueError: A side is below 8 or not a multiple of 4.
        """
        check_sides(image.shape[2:], SIDE_STEP, MIN_SIDE)
        features = [image]
        maps = normalise(self.start(image))
        for down in self.downs:
            features.append(down(maps))
            maps = normalise(features[-1])
        for block in self.blocks:
            maps = block(maps)
            if block is self.blocks[0] or block is self.blocks[-1]:
                features.append(maps)
        return tuple(features)

    def translate(self, image: Tensor) -> Translation:
        """Returns the translated image, (B, 1, H, W) in [-1, 1], and the maps of `encode`, from one pass."""
        features = self.encode(image)
        return Translation(self.decoder(features[-1]), features)

    def forward(self, image: Tensor) -> Tensor:
        """Returns the translated image (B, 1, H, W) in [-1, 1]."""
        return self.translate(image).image


class ResidualBlock(nn.Module):
    """Residual block of two 3 x 3 convolutions with reflected borders and instance norm."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.second = (
            nn.Conv2d(channels, channels, 3, 1, 1, padding_mode="reflect", bias=False) for _ in range(2)
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Returns maps of the same shape (B, C, h, w)."""
        return maps + F.instance_norm(self.second(normalise(self.first(maps))))


class ImageHead(nn.Module):
    """Turns maps (B, C, H, W) into images (B, 1, H, W) in [-1, 1]: convolution with reflected borders, tanh.

    It computes in the precision of its weights, float32 even under autocast: bfloat16 near 1 has steps of 1/256, which
    are 8 HU in a window of 4096.
    """

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels, 1, kernel, 1, kernel // 2, padding_mode="reflect")

    def forward(self, maps: Tensor) -> Tensor:
        """Returns images (B, 1, H, W) in [-1, 1] for maps (B, C, H, W)."""
        with torch.autocast(maps.device.type, enabled=False):
            image: Tensor = self.convolution(maps.to(self.convolution.weight.dtype)).tanh()
        return image


def up_block(wide: int, narrow: int) -> nn.Sequential:
    """Returns a block that doubles the side: bilinear interpolation, 3 x 3 convolution, instance norm, ReLU."""
    return nn.Sequential(
        nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
        nn.Conv2d(wide, narrow, 3, 1, 1, bias=False),
        nn.InstanceNorm2d(narrow),
        nn.ReLU(inplace=True),
    )


def normalise(maps: Tensor) -> Tensor:
    """Returns the ReLU of instance-normalised maps (B, C, h, w)."""
    return F.relu(F.instance_norm(maps), inplace=True)
