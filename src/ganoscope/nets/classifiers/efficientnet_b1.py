"""EfficientNet-B1: about as accurate as ResNet-50 with a third of its parameters, 7 million.

Not taken from MONAI, which pads like TensorFlow, unevenly at stride 2 and for a fixed side: torchvision's published
weights would give other outputs.

Source: Tan and Le 2019, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", table 1 with the
    depth coefficient 1.1, https://arxiv.org/abs/1905.11946; blocks of Sandler et al. 2018,
    https://arxiv.org/abs/1801.04381, with the squeeze and excitation of Hu et al. 2018, https://arxiv.org/abs/1709.01507
Differs: even padding and batch norm's usual constants, as in torchvision.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ganoscope.nets.parts.pooled_classifier import PooledClassifier


class Stage(NamedTuple):
    """A row of the paper's table 1: blocks of one kind; the first has the stride and changes the channels."""

    expansion: int
    kernel: int
    stride: int
    narrow: int
    wide: int
    blocks: int


STAGES = (
    Stage(1, 3, 1, 32, 16, 2),
    Stage(6, 3, 2, 16, 24, 3),
    Stage(6, 5, 2, 24, 40, 3),
    Stage(6, 3, 2, 40, 80, 4),
    Stage(6, 5, 1, 80, 112, 4),
    Stage(6, 5, 2, 112, 192, 5),
    Stage(6, 3, 1, 192, 320, 2),
)
WIDTH = 1280
"""Channels of the last feature map, whose side is a 32nd of the image's."""
DROPOUT = 0.2
DROP_BLOCK = 0.2
"""Probability of skipping the last block in training; it grows linearly from 0 at the first block."""


class InvertedResidual(nn.Module):
    """A block: 1 x 1 convolution to more channels, depthwise convolution, squeeze and excitation, 1 x 1 to fewer.

    Where sides and channels stay the same, the input is added to the result, and in training the result is dropped at
    random for each image (stochastic depth, Huang et al. 2016, https://arxiv.org/abs/1603.09382).
    """

    def __init__(self, stage: Stage, first: bool, drop: float) -> None:
        super().__init__()
        narrow, stride = (stage.narrow, stage.stride) if first else (stage.wide, 1)
        inner = narrow * stage.expansion
        self.adds = stride == 1 and narrow == stage.wide
        self.drop = drop
        self.block = nn.Sequential(
            *([convolve(narrow, inner, 1)] if inner != narrow else []),
            convolve(inner, inner, stage.kernel, stride, groups=inner),
            SqueezeExcitation(inner, narrow // 4),
            convolve(inner, stage.wide, 1)[:2],
        )

    def forward(self, features: Tensor) -> Tensor:
        """Returns features (B, wide, H / stride, W / stride) for features (B, narrow, H, W)."""
        result: Tensor = self.block(features)
        if not self.adds:
            return result
        if self.training and self.drop:
            kept = torch.rand(len(result), 1, 1, 1, device=result.device) >= self.drop
            result = result * kept.to(result.dtype) / (1 - self.drop)
        return features + result


class SqueezeExcitation(nn.Module):
    """Squeeze and excitation: weights channels by a function of their means over the map."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, squeezed, 1)
        self.fc2 = nn.Conv2d(squeezed, channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Returns features of the same shape (B, C, H, W)."""
        mean = features.mean(dim=(2, 3), keepdim=True)
        return features * torch.sigmoid(self.fc2(nn.functional.silu(self.fc1(mean))))


def build(classes: int, channels: int = 1) -> PooledClassifier:
    """Returns the network with random weights."""
    last = STAGES[-1].wide
    body = nn.Sequential(convolve(channels, STAGES[0].narrow, 3, 2), *make_stages(), convolve(last, WIDTH, 1))
    body.apply(init_weights)
    return PooledClassifier(body, WIDTH, classes, DROPOUT)


def init_weights(module: nn.Module) -> None:
    """Initialises convolutions as the authors: N(0, sqrt(2 / n)), n the fan-out; biases 0."""
    if isinstance(module, nn.Conv2d):
        reached = module.weight.shape[0] // module.groups * module.weight[0, 0].numel()
        nn.init.normal_(module.weight, 0.0, (2 / reached) ** 0.5)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def make_stages() -> list[nn.Sequential]:
    """Returns the seven stages between the first convolution and the last."""
    total = sum(stage.blocks for stage in STAGES)
    stages, before = [], 0
    for stage in STAGES:
        drops = [DROP_BLOCK * (before + block) / total for block in range(stage.blocks)]
        stages.append(nn.Sequential(*(InvertedResidual(stage, i == 0, drop) for i, drop in enumerate(drops))))
        before += stage.blocks
    return stages


def convolve(narrow: int, wide: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Returns a convolution with even padding, batch norm and SiLU.

    Args:
        narrow: Input channels.
        wide: Output channels.
        kernel: Side of the kernel in pixels, odd.
        stride: Stride in pixels.
        groups: Groups of channels; `narrow` for a depthwise convolution.
    """
    convolution = nn.Conv2d(narrow, wide, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(wide), nn.SiLU(inplace=True))
