"""One classifier network per file. The folder is the registry.

A network's file provides `build(classes, channels=1) -> nn.Module`. The network turns images (B, channels, H, W) into a
`ClassifierOutput`, and has an attribute `head`, an `nn.Linear` over the channels of its last feature map, so that
logits = head(mean of the features over the map), as class activation maps require. Everything else is its body.
`nets.parts.pooled_classifier.PooledClassifier` turns a body into such a network.
"""

import sys
from typing import NamedTuple, Protocol, cast

from torch import Tensor, nn

from ganoscope.registry import list_modules, load_module


class ClassifierOutput(NamedTuple):
    """Output of a classifier.

    Attributes:
        logits: Raw scores, shape (B, K).
        features: The last feature map, shape (B, C, h, w); logits are linear in its mean over the map.
    """

    logits: Tensor
    features: Tensor


class NetworkModule(Protocol):
    """What a file in this folder provides."""

    def build(self, classes: int, channels: int = 1) -> nn.Module:
        """Returns the network with random weights for a number of classes and of input channels."""
        ...


def available() -> dict[str, str]:
    """Returns the networks' names, each with the first line of its docstring; imports none of them."""
    return list_modules(sys.modules[__name__])


def load(name: str) -> NetworkModule:
    """Returns a network's module by its name, or by the dotted name of a module that the user has named.

    Raises:
        UserError: There is no such module, or it lacks `build`.
    """
    return cast(NetworkModule, load_module(sys.modules[__name__], name, ("build",)))
