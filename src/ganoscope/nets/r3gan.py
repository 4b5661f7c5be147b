"""Generator and discriminator of R3GAN: residual networks without normalisation, for small budgets.

Source: Huang, Gokaslan, Kuleshov, Tompkin 2024 (R3GAN), sect. 4, https://arxiv.org/abs/2501.05441: no normalisation;
    residual blocks whose last convolution is zero at first, so that a deep network starts as a shallow one (Zhang,
    Dauphin, Ma 2019, Fixup, https://arxiv.org/abs/1901.09321); leaky ReLU; resampling by interpolation; a spatial
    weighting at the end of D.
Differs: one block per level, of two plain 3 x 3 convolutions with an activation before each, instead of grouped
    bottlenecks; the finest level is narrow in G and omitted in D, whose first convolution has stride 2, as these maps
    would cost the most; noise enters every level of G: with the paper's modulated basis at the start only, all images
    of a class looked alike after the few minutes for which these networks are meant; G's output is clipped to the
    network range.
"""

import math
from itertools import pairwise
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganoscope.clipping import limit
from ganoscope.nets.dcgan import DiscriminatorOutput, plan_channels, plan_levels

Layer = TypeVar("Layer", nn.Conv2d, nn.Linear)

SLOPE = 0.2
"""Slope of the leaky ReLU below zero."""
GAIN = math.sqrt(2.0 / (1.0 + SLOPE**2))
"""Keeps the variance across a leaky ReLU (He et al. 2015, eq. 15, https://arxiv.org/abs/1502.01852)."""
EMBEDDING_SCALE = 0.3
"""Scale of class embeddings beside noise of scale 1: with more, images of a class look alike for a long time."""
SCALE_GAIN = 0.5
"""Initial gain of the noise's scaling of channels."""
OUTPUT_GAIN = 0.3
"""Initial gain of the last convolution: the first images are grey and faint, far from both ends of the range."""


class ResidualBlock(nn.Module):
    """Residual block of two 3 x 3 convolutions; the identity at initialisation."""

    def __init__(self, channels: int, depth: int) -> None:
        """Makes a block of a network of that depth: the deeper, the smaller the first convolution's initial weights."""
        super().__init__()
        self.first = init_weights(nn.Conv2d(channels, channels, 3, 1, 1), GAIN / math.sqrt(depth))
        self.second = init_weights(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), 0.0)

    def forward(self, features: Tensor) -> Tensor:
        """Returns features of the same shape (B, C, h, w)."""
        change: Tensor = self.second(activate(self.first(activate(features))))
        return features + change


class Up(nn.Module):
    """Doubles the side by linear interpolation, after a 1 x 1 convolution where channels change."""

    def __init__(self, wide: int, narrow: int) -> None:
        super().__init__()
        self.mix = make_mix(wide, narrow)

    def forward(self, features: Tensor) -> Tensor:
        """Returns features (B, narrow, 2h, 2w)."""
        return F.interpolate(self.mix(features), scale_factor=2, mode="bilinear", align_corners=False)


class Down(nn.Module):
    """Halves the side by 2 x 2 mean pooling, before a 1 x 1 convolution where channels change."""

    def __init__(self, narrow: int, wide: int) -> None:
        super().__init__()
        self.mix = make_mix(narrow, wide)

    def forward(self, features: Tensor) -> Tensor:
        """Returns features (B, wide, h/2, w/2)."""
        result: Tensor = self.mix(F.avg_pool2d(features, 2))
        return result


class Generator(nn.Module):
    """Turns noise (B, latent_dim), and class codes (B,) where there are classes, into images in [-1, 1].

    Noise and class embedding become the coarsest map; the noise also scales the channels of every map: x (1 + A z).

    Source: noise at every level: Brock, Donahue, Simonyan 2019, sect. 3.1, https://arxiv.org/abs/1809.11096
    """

    def __init__(self, size: int, latent_dim: int, base_channels: int, classes: int) -> None:
        super().__init__()
        self.side, levels = plan_levels(size)
        channels = [*plan_channels(levels, base_channels)[::-1], base_channels // 2]
        self.embedding = nn.Embedding(classes, latent_dim) if classes else None
        if self.embedding is not None:
            nn.init.normal_(self.embedding.weight, 0.0, EMBEDDING_SCALE)
        inputs = latent_dim * (2 if classes else 1)
        self.start = init_weights(nn.Linear(inputs, channels[0] * self.side**2, bias=False), 1.0)
        self.ups = nn.ModuleList([nn.Identity(), *(Up(wide, narrow) for wide, narrow in pairwise(channels))])
        self.scales = nn.ModuleList(init_weights(nn.Linear(latent_dim, count), SCALE_GAIN) for count in channels)
        self.blocks = nn.ModuleList(ResidualBlock(count, len(channels)) for count in channels)
        self.end = init_weights(nn.Conv2d(channels[-1], 1, 3, 1, 1), OUTPUT_GAIN)

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        """Returns images (B, 1, size, size) in [-1, 1] for standard-normal noise (B, latent_dim).

        Args:
            z: Standard-normal noise, shape (B, latent_dim).
            label: Class codes, shape (B,), for a generator with classes; else None.

        Raises:
            TypeError: A label is missing, or there are no classes.
        """
        features = self.start(self.join(z, label)).unflatten(1, (-1, self.side, self.side))
        for up, scale, block in zip(self.ups, self.scales, self.blocks, strict=True):
            features = block(up(features) * (1.0 + scale(z)[:, :, None, None]))
        return limit(self.end(activate(features)).to(z.dtype))

    def join(self, z: Tensor, label: Tensor | None) -> Tensor:
        """Returns noise (B, latent_dim), concatenated with the embeddings of class codes (B,) where there are classes.

        Raises:
            TypeError: A label is missing, or there are no classes.
        """
        if (self.embedding is None) != (label is None):
            raise TypeError(f"label is {'missing' if label is None else 'given'}, and classes are the opposite")
        return z if self.embedding is None else torch.cat([z, self.embedding(label)], dim=1)


class Discriminator(nn.Module):
    """Scores images (B, 1, size, size) in [-1, 1]: only differences between scores have a meaning.

    There is no bias that would be added to all scores alike: it would cancel, and have no gradient.
    """

    relative_scores = True
    """Only differences between scores have a meaning."""

    def __init__(self, size: int, base_channels: int, classes: int) -> None:
        super().__init__()
        side, levels = plan_levels(size)
        channels = plan_channels(levels, base_channels)
        depth = levels + 1
        first = init_weights(nn.Conv2d(1, channels[0], 4, 2, 1), 1.0)
        self.levels = nn.ModuleList([nn.Sequential(first, ResidualBlock(channels[0], depth))])
        for narrow, wide in pairwise(channels):
            self.levels.append(nn.Sequential(Down(narrow, wide), ResidualBlock(wide, depth)))
        wide = channels[-1]
        self.basis = init_weights(nn.Conv2d(wide, wide, side, 1, 0, groups=wide, bias=False), 1.0)
        self.head = init_weights(nn.Linear(wide, 1, bias=False), 1.0)
        self.class_head = init_weights(nn.Linear(wide, classes, bias=False), 1.0) if classes else None

    def forward(self, image: Tensor, label: Tensor | None = None) -> DiscriminatorOutput:
        """Returns logits (B,) and the features of every level for images in [-1, 1].

        Args:
            image: Images in [-1, 1], shape (B, 1, size, size).
            label: Class codes, shape (B,): scores for real images of that class; None for the mean over all classes.

        Source: projection on the class: Miyato and Koyama 2018, eq. 3, https://arxiv.org/abs/1802.05637
        """
        features: list[Tensor] = []
        for level in self.levels:
            image = level(image)
            features.append(image)
        weighted = self.weigh(activate(image))
        logits: Tensor = self.head(weighted)[:, 0]
        if self.class_head is not None:
            of_class = self.class_head(weighted)
            chosen = of_class.mean(1) if label is None else of_class.gather(1, label[:, None])[:, 0]
            logits = logits + chosen
        return DiscriminatorOutput(logits, tuple(features))

    def weigh(self, features: Tensor) -> Tensor:
        """Returns the sums of the coarsest features (B, C, h, w) over places, weighted by the basis, (B, C).

        The convolution itself is not called: the penalties' second backward pass would compute it channel by channel.
        """
        return (features * self.basis.weight[:, 0]).sum(dim=(2, 3))


def activate(features: Tensor) -> Tensor:
    """Returns the leaky ReLU of features, same shape."""
    return F.leaky_relu(features, SLOPE)


def make_mix(channels: int, new_channels: int) -> nn.Module:
    """Returns a 1 x 1 convolution to another number of channels; the identity where it is the same."""
    if channels == new_channels:
        return nn.Identity()
    return init_weights(nn.Conv2d(channels, new_channels, 1, bias=False), 1.0)


def init_weights(layer: Layer, gain: float) -> Layer:
    """Returns the layer with weights N(0, gain^2 / inputs per output) and biases 0."""
    nn.init.normal_(layer.weight, 0.0, gain / math.sqrt(layer.weight[0].numel()))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
