"""Generator with an attention map at every level, and discriminator with its own heat map.

Source: a DCGAN (Radford, Metz, Chintala 2016,
    https://arxiv.org/abs/1511.06434) with 1 x 1 attention, and with the class activation map of Zhou et al. 2016,
    https://arxiv.org/abs/1512.04150, as the discriminator's explanation.
Differs: each level of the generator passes on its features times (1 + attention), so that attention amplifies, and
    places without attention can still be drawn.
"""

from itertools import pairwise
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganoscope.nets.dcgan import down_block, plan_channels, plan_levels

Upsampling = Literal["upsample", "transposed"]
MAX_DOWN_LEVELS = 5
FINEST_SHARE = 32
"""Ratio of the base channels to those of the generator's finest level."""


def plan_sides(size: int) -> list[int]:
    """Returns the sides of the generator's levels, from 4 or 3 to the image size: each half of the next, rounded up.

    Raises:
        ValueError: The size is not a multiple of 16 from 32 to 512.

    Example:
        >>> plan_sides(64), plan_sides(224)
        ([4, 8, 16, 32, 64], [4, 7, 14, 28, 56, 112, 224])
    """
    plan_levels(size)  # refuses sizes that no network here supports
    sides = [size]
    while sides[0] > 4:
        sides.insert(0, -(-sides[0] // 2))
    return sides


def plan_widths(levels: int, base: int) -> list[int]:
    """Returns the generator's channels from the coarsest level to the finest: halving from `base` to a 32nd of it.

    Small images have fewer levels and start narrower, so that one base suits every size.

    Example:
        >>> plan_widths(5, base=512), plan_widths(7, base=512)
        ([256, 128, 64, 32, 16], [512, 512, 256, 128, 64, 32, 16])
    """
    return [min(base, max(1, base // FINEST_SHARE) * 2**level) for level in reversed(range(levels))]


class DrawnImages(NamedTuple):
    """Generated images and the generator's attention.

    Attributes:
        image: Images in [-1, 1], shape (B, 1, size, size).
        attention: Attention of every level in [0, 1], coarsest first, shapes (B, 1, h, w).
    """

    image: Tensor
    attention: tuple[Tensor, ...]


class Generator(nn.Module):
    """Turns noise (B, latent_dim) into images (B, 1, size, size) in [-1, 1], with attention at every level."""

    def __init__(self, size: int, latent_dim: int, base_channels: int, upsampling: Upsampling) -> None:
        super().__init__()
        sides = plan_sides(size)
        widths = plan_widths(len(sides), base_channels)
        block = {"upsample": upsample_block, "transposed": transposed_block}[upsampling]
        steps = zip(pairwise(widths), sides[1:], strict=True)
        start = finish_block(nn.ConvTranspose2d(latent_dim, widths[0], sides[0], 1, 0, bias=False), widths[0])
        self.levels = nn.ModuleList([start, *(block(wide, narrow, side) for (wide, narrow), side in steps)])
        self.attention = nn.ModuleList([nn.Conv2d(width, 1, 1) for width in widths])
        self.end = nn.Sequential(nn.Conv2d(widths[-1], 1, 3, 1, 1), nn.Tanh())
        self.apply(init_expressive)

    def draw_with_attention(self, z: Tensor) -> DrawnImages:
        """Returns images and the attention of every level for standard-normal noise (B, latent_dim)."""
        x, maps = z[:, :, None, None], []
        for level, head in zip(self.levels, self.attention, strict=True):
            x = level(x)
            maps.append(torch.sigmoid(head(x)))
            x = x * (1 + maps[-1])
        return DrawnImages(self.end(x), tuple(maps))

    def forward(self, z: Tensor) -> Tensor:
        """Returns images (B, 1, size, size) in [-1, 1] for standard-normal noise (B, latent_dim)."""
        return self.draw_with_attention(z).image


class DiscriminatorOutput(NamedTuple):
    """Output of the discriminator.

    Attributes:
        logits: Raw scores, shape (B,); above 0 means real.
        cam: Heat map in [0, 1], shape (B, 1, H, W).
    """

    logits: Tensor
    cam: Tensor


class Discriminator(nn.Module):
    """Scores images (B, 1, size, size) in [-1, 1] as real or generated, with a heat map of each.

    Five convolutions of stride 2, fewer for small images; the logit is linear in the mean of their features.
    """

    def __init__(self, size: int, base_channels: int) -> None:
        super().__init__()
        channels = plan_channels(min(MAX_DOWN_LEVELS, plan_levels(size)[1]), base_channels)
        first = nn.Sequential(nn.Conv2d(1, channels[0], 4, 2, 1), nn.LeakyReLU(0.2, inplace=True))
        self.levels = nn.Sequential(first, *(down_block(narrow, wide) for narrow, wide in pairwise(channels)))
        self.head = nn.Linear(channels[-1], 1)
        self.cam_head = nn.Conv2d(channels[-1], 1, 1)
        self.apply(init_expressive)

    def forward(self, image: Tensor) -> DiscriminatorOutput:
        """Returns logits (B,) and heat maps (B, 1, H, W) for images in [-1, 1]."""
        features = self.levels(image)
        logits = self.head(features.mean(dim=(2, 3))).flatten()
        cam = torch.sigmoid(self.cam_head(features))
        return DiscriminatorOutput(logits, F.interpolate(cam, image.shape[-2:], mode="bilinear", align_corners=False))


def upsample_block(wide: int, narrow: int, side: int) -> nn.Sequential:
    """Returns a block that enlarges to `side`: nearest neighbour, 3 x 3 convolution, batch norm, ReLU.

    Args:
        wide: Input channels.
        narrow: Output channels.
        side: Output side in pixels.
    """
    grow = nn.Upsample(size=(side, side), mode="nearest")
    return nn.Sequential(grow, *finish_block(nn.Conv2d(wide, narrow, 3, 1, 1, bias=False), narrow))


def transposed_block(wide: int, narrow: int, side: int) -> nn.Sequential:
    """Returns a block that enlarges to `side`: transposed convolution of stride 2, batch norm, ReLU.

    Args:
        wide: Input channels.
        narrow: Output channels.
        side: Output side in pixels, twice the input's or one less.
    """
    kernel = 3 if side % 2 else 4
    return finish_block(nn.ConvTranspose2d(wide, narrow, kernel, 2, 1, bias=False), narrow)


def finish_block(convolution: nn.Module, width: int) -> nn.Sequential:
    """Returns a convolution followed by batch norm and ReLU."""
    return nn.Sequential(convolution, nn.BatchNorm2d(width), nn.ReLU(inplace=True))


def init_expressive(module: nn.Module) -> None:
    """Initialises convolutions N(0, 0.02), batch-norm scales N(1, 0.02), linear layers as Xavier; biases 0."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
    elif isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
    else:
        return
    if module.bias is not None:
        nn.init.zeros_(module.bias)
