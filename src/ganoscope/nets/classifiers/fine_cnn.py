"""A small network with a fine last map, for class activation maps of small images: 16 x 16 cells at 64 px.

Six 3 x 3 convolutions with batch norm and ReLU, the second and the fourth of stride 2. The receptive field
of a cell is 29 x 29 pixels, so that its value is local; in `small_cnn`, with 4 x 4 cells at 64 px, it is the image.

Source: this project's own architecture.
"""

from itertools import pairwise

from torch import nn

from ganoscope.nets.parts.pooled_classifier import PooledClassifier

CHANNELS = (16, 32, 32, 64, 64, 64)
STRIDES = (1, 2, 1, 2, 1, 1)
DROPOUT = 0.2


def build(classes: int, channels: int = 1) -> PooledClassifier:
    """Returns the network with random weights."""
    layers: list[nn.Module] = []
    for (narrow, wide), stride in zip(pairwise((channels, *CHANNELS)), STRIDES, strict=True):
        layers += [nn.Conv2d(narrow, wide, 3, stride, 1, bias=False), nn.BatchNorm2d(wide), nn.ReLU(inplace=True)]
    return PooledClassifier(nn.Sequential(*layers), CHANNELS[-1], classes, DROPOUT)
