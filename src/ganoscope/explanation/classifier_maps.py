"""Grad-CAM of a classifier: the evidence for one of its classes."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganoscope.contracts import Explanation, Target
from ganoscope.explanation.feature_attribution import grad_cam

MIN_SIDE_PX = 7
"""Smallest side of the last feature map at which it is explained; a network for 224-pixel images reaches it."""


def choose_layer(network: nn.Module, image: Tensor) -> str | None:
    """Returns the name of the last feature map's module; where that map is too coarse None, the explainer's default.

    Args:
        network: The classifier's network.
        image: Shape (1, 1, H, W), in [-1, 1].
    """
    with torch.no_grad():
        features: Tensor = network(image.to(next(network.parameters()).device)).features
    named = "body" in dict(network.named_children())
    return "body" if named and min(features.shape[2:]) >= MIN_SIDE_PX else None


def explain_codes(
    network: nn.Module, images: Tensor, codes: Sequence[int] | NDArray[np.int64], layer: str | None
) -> Explanation:
    """Returns Grad-CAM's maps, shape (B, H, W), each for the logit of its own class.

    Args:
        network: The classifier's network.
        images: Shape (B, 1, H, W), in [-1, 1].
        codes: Class that each image's map explains, shape (B,).
        layer: Layer to be explained; None for the explainer's default.
    """
    classes, maps, name = np.asarray(codes), torch.zeros(len(images), *images.shape[2:]), ""
    for code in np.unique(classes):
        chosen = torch.from_numpy(classes == code)
        found = grad_cam.explain(network, images[chosen], make_target(network, int(code)), grad_cam.Config(layer))
        maps[chosen], name = found.maps, found.layer
    return Explanation(maps, "grad_cam", name, "predicted_class")


def make_target(network: nn.Module, code: int) -> Target:
    """Returns the logit of one class, shape (B,), as the score to be explained."""

    def logit_of_class(images: Tensor) -> Tensor:
        logits: Tensor = network(images).logits
        return logits[:, code]

    return logit_of_class
