"""Grad-CAM: the channels of one layer, weighted by the mean gradient of the score.

L = ReLU(sum_k a_k A^k), where A^k is channel k of the layer's activations, and a_k = 1/Z sum_ij dy/dA^k_ij is its
gradient averaged over the map. L has the layer's coarse geometry and is enlarged to the image's.
"""

from dataclasses import dataclass

from captum.attr import LayerGradCam
from torch import Tensor, nn

from ganoscope.contracts import Explanation, Target
from ganoscope.explanation.layers import compute_layer_maps
from ganoscope.explanation.targets import name_target


@dataclass(frozen=True)
class Config:
    """Where Grad-CAM looks.

    Source: Selvaraju et al. 2017, "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization",
        eq. 1 and 2, https://arxiv.org/abs/1610.02391
    Differs: the default layer is not the last convolution, whose map is only 4 x 4 in DCGAN, but the deepest layer
        whose map has a quarter of the image's side.
    """

    layer: str | None = None
    """Dotted name of a module, such as levels.2; by default the deepest with at least a quarter of the image's side."""


def explain(network: nn.Module, images: Tensor, target: Target, config: Config) -> Explanation:
    """Returns Grad-CAM's heat maps; the network is left exactly as found.

    Args:
        network: Any convolutional network, frozen or not, in any mode; it is explained in evaluation mode.
        images: Shape (B, C, H, W), in network range.
        target: From images to the score (B,), computed by `network`.
        config: Which layer to look at.

    Returns:
        Maps (B, H, W), float32 on the CPU, 0 or above, in units of score; bilinear between the layer's cells.

    Raises:
        UserError: The layer does not exist or gives no map.
    """

    def attribute(layer: nn.Module, inputs: Tensor) -> Tensor:
        return LayerGradCam(target, layer).attribute(inputs, relu_attributions=True)

    maps, layer = compute_layer_maps(network, images, target, config.layer, attribute)
    return Explanation(maps, "grad_cam", layer, name_target(target))
