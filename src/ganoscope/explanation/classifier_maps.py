"""Grad-CAM of a classifier: what speaks for one of its classes."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganoscope.contracts import Explanation, Target
from ganoscope.explanation.feature_attribution import grad_cam

MIN_SIDE_PX = 7
"""The last feature map is explained where it has at least this side, as that of a 224-pixel network has."""


def choose_layer(network: nn.Module, image: Tensor) -> str | None:
    """Returns the last feature map's module where the map is fine enough, else None: the explainer's own default."""
    with torch.no_grad():
        features: Tensor = network(image.to(next(network.parameters()).device)).features
    named = "body" in dict(network.named_children())
    return "body" if named and min(features.shape[2:]) >= MIN_SIDE_PX else None


def explain_codes(
    network: nn.Module, images: Tensor, codes: Sequence[int] | NDArray[np.int64], layer: str | None
) -> Explanation:
    """Returns Grad-CAM's maps (B, H, W) of images (B, 1, H, W), each for the logit of its own class in `codes`."""
    classes, maps, name = np.asarray(codes), torch.zeros(len(images), *images.shape[2:]), ""
    for code in np.unique(classes):
        chosen = torch.from_numpy(classes == code)
        found = grad_cam.explain(network, images[chosen], make_target(network, int(code)), grad_cam.Config(layer))
        maps[chosen], name = found.maps, found.layer
    return Explanation(maps, "grad_cam", name, "predicted_class")


def make_target(network: nn.Module, code: int) -> Target:
    """Returns the logit of one class as the score to be explained."""

    def logit_of_class(images: Tensor) -> Tensor:
        logits: Tensor = network(images).logits
        return logits[:, code]

    return logit_of_class
