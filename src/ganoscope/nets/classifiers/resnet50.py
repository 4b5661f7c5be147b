"""ResNet-50: the field's usual classifier, 24 million parameters.

Source: He et al. 2016, "Deep Residual Learning for Image Recognition", https://arxiv.org/abs/1512.03385
Differs: stride 2 lies in a block's 3 x 3 convolution, as in torchvision, whose published weights fit.
"""

from collections import OrderedDict

from torch import nn

from ganoscope.nets.parts.pooled_classifier import PooledClassifier

WIDTH = 2048
"""Channels of the last feature map, whose side is a 32nd of the image's."""


def build(classes: int, channels: int = 1) -> PooledClassifier:
    """Returns the network with random weights; the layers are MONAI's."""
    from monai.networks.nets.resnet import ResNet

    plain = ResNet(
        "bottleneck",
        [3, 4, 6, 3],
        [64, 128, 256, 512],
        spatial_dims=2,
        n_input_channels=channels,
        conv1_t_stride=2,
        feed_forward=False,
        bias_downsample=False,
    )
    layers = OrderedDict(plain.named_children())
    del layers["avgpool"]
    return PooledClassifier(nn.Sequential(layers), WIDTH, classes)
