"""A small convolutional network for small data and small images: seconds per epoch on a CPU.

Four levels of two 3 x 3 convolutions with batch norm and ReLU, the first of stride 2.

Source: this project's own architecture, after Springenberg et al. 2015 (strides instead of pooling),
    https://arxiv.org/abs/1412.6806
"""

from itertools import pairwise

from torch import nn

from ganoscope.nets.parts.pooled_classifier import PooledClassifier

CHANNELS = (32, 64, 128, 128)
"""Channels of the four levels, each of half the side of the one before."""
DROPOUT = 0.2


def build(classes: int, channels: int = 1) -> PooledClassifier:
    """Returns the network with random weights."""
    body = nn.Sequential(*(level(narrow, wide) for narrow, wide in pairwise((channels, *CHANNELS))))
    return PooledClassifier(body, CHANNELS[-1], classes, DROPOUT)


def level(narrow: int, wide: int) -> nn.Sequential:
    """Returns a level of two convolutions that halves the side, from `narrow` to `wide` channels."""
    return nn.Sequential(
        nn.Conv2d(narrow, wide, 3, 2, 1, bias=False),
        nn.BatchNorm2d(wide),
        nn.ReLU(inplace=True),
        nn.Conv2d(wide, wide, 3, 1, 1, bias=False),
        nn.BatchNorm2d(wide),
        nn.ReLU(inplace=True),
    )
