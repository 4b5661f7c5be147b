"""Class-conditional generator and discriminator: conditional batch norm and label projection.

Source: Miyato and Koyama 2018, "cGANs with Projection Discriminator", https://arxiv.org/abs/1802.05637
Differs: DCGAN's levels and channels instead of residual blocks.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from ganoscope.nets.dcgan import DiscriminatorOutput, init_weights, plan_channels, plan_levels
from ganoscope.nets.parts.spectral_norm import add_spectral_norm


class ConditionalBatchNorm(nn.Module):
    r"""Batch norm with a scale and a shift for each class: :math:`\gamma_y (h - \mu) / \sigma + \beta_y`.

    Source: Dumoulin et al. 2017, eq. 5, https://arxiv.org/abs/1610.07629
    """

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.scale = nn.Embedding(classes, channels)
        self.shift = nn.Embedding(classes, channels)
        nn.init.normal_(self.scale.weight, 1.0, 0.02)
        nn.init.zeros_(self.shift.weight)

    def forward(self, maps: Tensor, label: Tensor) -> Tensor:
        """Returns maps (B, C, H, W), normalised over the batch, then scaled and shifted by class codes (B,)."""
        scale, shift = (table(label)[:, :, None, None] for table in (self.scale, self.shift))
        return torch.addcmul(shift, scale, self.norm(maps))


class ConditionalGenerator(nn.Module):
    """Turns noise (B, latent_dim) and label codes (B,) into images (B, 1, size, size) in [-1, 1]."""

    def __init__(self, size: int, latent_dim: int, base_channels: int, classes: int) -> None:
        super().__init__()
        side, levels = plan_levels(size)
        channels = plan_channels(levels, base_channels)[::-1]
        first = nn.ConvTranspose2d(latent_dim, channels[0], side, 1, 0, bias=False)
        others = [nn.ConvTranspose2d(wide, narrow, 4, 2, 1, bias=False) for wide, narrow in pairwise(channels)]
        self.levels = nn.ModuleList([first, *others])
        self.norms = nn.ModuleList([ConditionalBatchNorm(count, classes) for count in channels])
        self.end = nn.Sequential(nn.ConvTranspose2d(channels[-1], 1, 4, 2, 1), nn.Tanh())
        for convolutions in (self.levels, self.end):
            convolutions.apply(init_weights)

    def forward(self, z: Tensor, label: Tensor) -> Tensor:
        """Returns images (B, 1, size, size) in [-1, 1] for standard-normal noise (B, latent_dim) and codes (B,)."""
        maps = z[:, :, None, None]
        for level, norm in zip(self.levels, self.norms, strict=True):
            maps = norm(level(maps), label).relu()
        image: Tensor = self.end(maps)
        return image


class ProjectionDiscriminator(nn.Module):
    r"""Scores images (B, 1, size, size) in [-1, 1] as real or generated images of a class.

    .. math:: l(x, y) = \psi(\phi(x)) + v_y^T \phi(x)

    with :math:`\phi` the coarsest maps, :math:`\psi` linear, and one vector v per class. Spectral norm replaces batch
    norm.

    Source: Miyato and Koyama 2018, eq. 3, https://arxiv.org/abs/1802.05637
    Differs: the maps are not summed over places, because differences between classes have their place in the anatomy.
    """

    def __init__(self, size: int, base_channels: int, classes: int, spectral_norm: bool = True) -> None:
        super().__init__()
        side, levels = plan_levels(size)
        channels = [1, *plan_channels(levels, base_channels)]
        self.levels = nn.ModuleList([plain_block(narrow, wide) for narrow, wide in pairwise(channels)])
        self.head = nn.Linear(channels[-1] * side**2, 1)
        self.projection = nn.Embedding(classes, channels[-1] * side**2)
        nn.init.normal_(self.projection.weight, 0.0, 0.02)
        self.apply(init_weights)
        if spectral_norm:
            add_spectral_norm(self)

    def forward(self, image: Tensor, label: Tensor | None = None) -> DiscriminatorOutput:
        """Returns logits (B,) and the features of every level.

        Args:
            image: Shape (B, 1, size, size), in [-1, 1].
            label: Class codes, shape (B,); None for the mean logits over all classes.
        """
        features: list[Tensor] = []
        for level in self.levels:
            image = level(image)
            features.append(image)
        phi = image.flatten(1)
        vector = self.projection.weight.mean(dim=0) if label is None else self.projection(label)
        return DiscriminatorOutput(self.head(phi)[:, 0] + (phi * vector).sum(dim=1), tuple(features))


def plain_block(narrow: int, wide: int) -> nn.Sequential:
    """Returns a block that halves the side: convolution, LeakyReLU 0.2."""
    return nn.Sequential(nn.Conv2d(narrow, wide, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True))
