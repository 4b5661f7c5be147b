"""A small convolutional network for small data and small images: seconds per epoch on a CPU."""

from itertools import pairwise

from torch import Tensor, nn

from ganoscope.nets.classifiers import ClassifierOutput

CHANNELS = (32, 64, 128, 128)
"""Of the four levels; each halves the side."""
DROPOUT = 0.2


class SmallCNN(nn.Module):
    """Four levels of two 3 x 3 convolutions with batch norm and ReLU, the first of stride 2; global average; linear.

    Source: this project's own plan, in the manner of Springenberg et al. 2015 (stride in place of pooling),
        https://arxiv.org/abs/1412.6806
    """

    def __init__(self, classes: int, channels: int) -> None:
        super().__init__()
        sizes = (channels, *CHANNELS)
        self.body = nn.Sequential(*(level(narrow, wide) for narrow, wide in pairwise(sizes)))
        self.dropout = nn.Dropout(DROPOUT)
        self.head = nn.Linear(sizes[-1], classes)

    def forward(self, image: Tensor) -> ClassifierOutput:
        """Returns logits (B, K) and the last feature map for images (B, channels, H, W), sides of 32 or more."""
        features = self.body(image)
        return ClassifierOutput(self.head(self.dropout(features.mean(dim=(2, 3)))), features)


def level(narrow: int, wide: int) -> nn.Sequential:
    """Returns a level that halves the side."""
    return nn.Sequential(
        nn.Conv2d(narrow, wide, 3, 2, 1, bias=False),
        nn.BatchNorm2d(wide),
        nn.ReLU(inplace=True),
        nn.Conv2d(wide, wide, 3, 1, 1, bias=False),
        nn.BatchNorm2d(wide),
        nn.ReLU(inplace=True),
    )


def build(classes: int, channels: int = 1) -> SmallCNN:
    """Returns the network with random weights."""
    return SmallCNN(classes, channels)
