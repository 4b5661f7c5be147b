"""Generator that translates an image by adding a change to it: a U-Net of residual units with attention gates.

Source: residual units with the norm before each convolution, and strides in place of pooling: Zhang, Liu, Wang 2018,
    "Road Extraction by Deep Residual U-Net", fig. 1b and table 1, https://arxiv.org/abs/1711.10684; attention gates:
    Oktay et al. 2018, "Attention U-Net", eq. 1 and 2, https://arxiv.org/abs/1804.03999; the image plus a map of
    changes: Baumgartner et al. 2018, "Visual Feature Attribution using Wasserstein GANs", sect. 3,
    https://arxiv.org/abs/1711.08998
Differs: four strides in place of three; instance norm in place of batch norm, for batches of one image; one 3 x 3
    convolution before the first unit; bilinear enlargement; every skip connection has a gate, also the finest. Weights
    are initialised as in CycleGAN, N(0, 0.02), those of the last convolution near 0: the first translation is nearly
    the image itself, so that anatomy need not be learned again. The sum is clipped to the range, with gradients that
    lead back into it.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganoscope.clipping import limit
from ganoscope.nets.dcgan import init_weights
from ganoscope.nets.resnet_generator import Translation, check_sides

SIDE_STEP, MIN_SIDE = 16, 32
FIRST_CHANGE = 1e-3
"""Standard deviation of the last convolution's initial weights."""


class AttentionResUNet(nn.Module):
    """Translates images (B, 1, H, W) in [-1, 1] into such images; H and W are multiples of 16, at least 32.

    Attributes:
        feature_channels: Numbers of channels of the maps that `encode` returns.
    """

    def __init__(self, channels: int = 32) -> None:
        super().__init__()
        widths = [channels * 2**level for level in range(5)]
        self.start = nn.Conv2d(1, channels, 3, 1, 1, bias=False)
        downs = [ResidualUnit(narrow, wide, 2) for narrow, wide in pairwise(widths)]
        self.encoder = nn.ModuleList([ResidualUnit(channels, channels, 1), *downs])
        pairs = list(pairwise(widths))[::-1]
        self.gates = nn.ModuleList(AttentionGate(narrow, wide) for narrow, wide in pairs)
        self.decoder = nn.ModuleList(ResidualUnit(narrow + wide, narrow, 1) for narrow, wide in pairs)
        self.end = nn.Conv2d(channels, 1, 1)
        self.feature_channels = (1, *widths)
        self.apply(init_weights)
        nn.init.normal_(self.end.weight, 0.0, FIRST_CHANGE)

    def encode(self, image: Tensor) -> tuple[Tensor, ...]:
        """Returns an image (B, 1, H, W) and the maps (B, C, h, w) of all levels, finest first, without the decoder.

        Raises:
            ValueError: A side is below 32 or not a multiple of 16.
        """
        check_sides(image.shape[2:], SIDE_STEP, MIN_SIDE)
        features, maps = [image], self.start(image)
        for unit in self.encoder:
            maps = unit(maps)
            features.append(maps)
        return tuple(features)

    def translate(self, image: Tensor) -> Translation:
        """Returns the translated image, (B, 1, H, W) in [-1, 1], and the maps of `encode`, from one pass."""
        features = self.encode(image)
        *skips, maps = features[1:]
        for gate, unit, skip in zip(self.gates, self.decoder, reversed(skips), strict=True):
            maps = unit(torch.cat([gate(skip, maps), enlarge(maps)], dim=1))
        with torch.autocast(maps.device.type, enabled=False):  # bfloat16 near 1 has steps of 1/256
            weight = self.end.weight
            return Translation(limit(image.to(weight.dtype) + self.end(maps.to(weight.dtype))), features)

    def forward(self, image: Tensor) -> Tensor:
        """Returns the translated image (B, 1, H, W) in [-1, 1]."""
        return self.translate(image).image


class ResidualUnit(nn.Module):
    """Residual unit: instance norm, ReLU and 3 x 3 convolution, twice, added to the input.

    Where channels or sides change, the input passes a 1 x 1 convolution. No norm follows the sum, so that absolute
    intensities reach the output. The shortcut has stride 1, on every other pixel: with stride 2, torch 2.13 writes
    beyond its memory on a CPU, in the backward pass of 8 channels in channels_last.
    """

    def __init__(self, channels: int, new_channels: int, stride: int) -> None:
        super().__init__()
        self.change = nn.Sequential(
            nn.InstanceNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, new_channels, 3, stride, 1, bias=False),
            nn.InstanceNorm2d(new_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(new_channels, new_channels, 3, 1, 1, bias=False),
        )
        same = channels == new_channels and stride == 1
        self.stride = stride
        self.shortcut = nn.Identity() if same else nn.Conv2d(channels, new_channels, 1, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        """Returns maps (B, new_channels, h / stride, w / stride) for maps (B, channels, h, w)."""
        kept = maps[:, :, :: self.stride, :: self.stride]
        result: Tensor = self.shortcut(kept) + self.change(maps)
        return result


class AttentionGate(nn.Module):
    r"""Attenuates a skip connection wherever the coarse maps find nothing relevant.

    .. math:: \hat x = \alpha x, \quad \alpha = \sigma(\psi^T \mathrm{ReLU}(W_x^T x + W_g^T g + b_g) + b_\psi)

    Source: Oktay et al. 2018, eq. 1 and 2, https://arxiv.org/abs/1804.03999; :math:`W_x` is a 2 x 2 convolution of
        stride 2 and has half as many outputs as x has channels, as in the authors' code.
    """

    def __init__(self, channels: int, gate_channels: int) -> None:
        super().__init__()
        inner = max(1, channels // 2)
        self.w_x = nn.Conv2d(channels, inner, 2, 2, bias=False)
        self.w_g = nn.Conv2d(gate_channels, inner, 1)
        self.psi = nn.Conv2d(inner, 1, 1)

    def forward(self, skip: Tensor, gate: Tensor) -> Tensor:
        """Returns `skip` (B, C, 2h, 2w) times the attention of each place, for a gate (B, G, h, w)."""
        attention = self.psi(F.relu(self.w_x(skip) + self.w_g(gate), inplace=True)).sigmoid()
        return skip * enlarge(attention)


def enlarge(maps: Tensor) -> Tensor:
    """Returns maps (B, C, 2h, 2w) of maps (B, C, h, w), by bilinear interpolation."""
    return F.interpolate(maps, scale_factor=2, mode="bilinear", align_corners=False)
