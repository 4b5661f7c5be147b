"""Generator and discriminator of DCGAN, for square images of many sizes.

Source: Radford, Metz, Chintala 2016, "Unsupervised Representation Learning with Deep Convolutional Generative
    Adversarial Networks", https://arxiv.org/abs/1511.06434
Differs: sizes other than 64 have more or fewer stride-2 levels; channels grow up to 8 x base.
"""

from itertools import pairwise
from typing import NamedTuple

from torch import Tensor, nn

MIN_SIZE, MAX_SIZE, SIZE_STEP = 32, 512, 16


def plan_levels(size: int) -> tuple[int, int]:
    """Returns (side of the coarsest map, number of stride-2 levels) for an image size.

    The size is halved while it is even and above 4: 64 px have 4 levels down to 4 px, 224 px have 5 down to 7 px.

    Raises:
        ValueError: The size is not a multiple of 16 from 32 to 512.

    Example:
        >>> plan_levels(64), plan_levels(224)
        ((4, 4), (7, 5))
    """
    if size % SIZE_STEP or not MIN_SIZE <= size <= MAX_SIZE:
        raise ValueError(
            f"image size does not suit the networks: got {size}; allowed: multiples of {SIZE_STEP} from {MIN_SIZE} to "
            f"{MAX_SIZE}. Prepare a store with another --size."
        )
    side, levels = size, 0
    while side % 2 == 0 and side >= 8:
        side, levels = side // 2, levels + 1
    return side, levels


def plan_channels(levels: int, base: int) -> list[int]:
    """Returns the channels of the levels from the finest to the coarsest: doubling up to 8 x base."""
    return [base * min(2**level, 8) for level in range(levels)]


class Generator(nn.Module):
    """Turns noise (B, latent_dim) into images (B, 1, size, size) in [-1, 1]."""

    def __init__(self, size: int, latent_dim: int, base_channels: int) -> None:
        super().__init__()
        side, levels = plan_levels(size)
        channels = plan_channels(levels, base_channels)[::-1]
        self.start = nn.Sequential(
            nn.ConvTranspose2d(latent_dim, channels[0], side, 1, 0, bias=False),
            nn.BatchNorm2d(channels[0]),
            nn.ReLU(inplace=True),
        )
        self.levels = nn.Sequential(*(up_block(wide, narrow) for wide, narrow in pairwise(channels)))
        self.end = nn.Sequential(nn.ConvTranspose2d(channels[-1], 1, 4, 2, 1), nn.Tanh())
        self.apply(init_weights)

    def forward(self, z: Tensor) -> Tensor:
        """Returns images (B, 1, size, size) in [-1, 1] for standard-normal noise (B, latent_dim)."""
        image: Tensor = self.end(self.levels(self.start(z[:, :, None, None])))
        return image


class DiscriminatorOutput(NamedTuple):
    """Output of a discriminator.

    Attributes:
        logits: Raw scores, shape (B,); above 0 means real.
        features: Activations after every level, finest first, shapes (B, C, H, W).
    """

    logits: Tensor
    features: tuple[Tensor, ...]


class Discriminator(nn.Module):
    """Scores images (B, 1, size, size) in [-1, 1] as real or generated."""

    def __init__(self, size: int, base_channels: int) -> None:
        super().__init__()
        side, levels = plan_levels(size)
        channels = plan_channels(levels, base_channels)
        first = nn.Sequential(nn.Conv2d(1, channels[0], 4, 2, 1), nn.LeakyReLU(0.2, inplace=True))
        self.levels = nn.ModuleList([first, *(down_block(narrow, wide) for narrow, wide in pairwise(channels))])
        self.head = nn.Conv2d(channels[-1], 1, side, 1, 0)
        self.apply(init_weights)

    def forward(self, image: Tensor) -> DiscriminatorOutput:
        """Returns logits (B,) and the features of every level for images in [-1, 1]."""
        features: list[Tensor] = []
        for level in self.levels:
            image = level(image)
            features.append(image)
        return DiscriminatorOutput(self.head(image).flatten(), tuple(features))


def up_block(wide: int, narrow: int) -> nn.Sequential:
    """Returns a block that doubles the side: transposed convolution, batch norm, ReLU."""
    return nn.Sequential(
        nn.ConvTranspose2d(wide, narrow, 4, 2, 1, bias=False), nn.BatchNorm2d(narrow), nn.ReLU(inplace=True)
    )


def down_block(narrow: int, wide: int) -> nn.Sequential:
    """Returns a block that halves the side: convolution, batch norm, LeakyReLU 0.2."""
    return nn.Sequential(
        nn.Conv2d(narrow, wide, 4, 2, 1, bias=False), nn.BatchNorm2d(wide), nn.LeakyReLU(0.2, inplace=True)
    )


def init_weights(module: nn.Module) -> None:
    """Initialises as in the paper: convolutions N(0, 0.02), batch-norm scales N(1, 0.02), biases 0."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)
