"""DenseNet-121: the usual chest X-ray classifier, 7 million parameters.

Source: Huang et al. 2017, "Densely Connected Convolutional Networks", https://arxiv.org/abs/1608.06993
"""

from collections import OrderedDict

from torch import nn

from ganoscope.nets.parts.pooled_classifier import PooledClassifier

WIDTH = 1024
"""Channels of the last feature map, whose side is a 32nd of the image's."""


def build(classes: int, channels: int = 1) -> PooledClassifier:
    """Returns the network with random weights; the layers are MONAI's."""
    from monai.networks.nets.densenet import DenseNet121

    layers: nn.Module = DenseNet121(spatial_dims=2, in_channels=channels, out_channels=1).features
    return PooledClassifier(nn.Sequential(OrderedDict(features=layers, relu=nn.ReLU())), WIDTH, classes)
