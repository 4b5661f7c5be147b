"""HiResCAM: every cell of one layer's map, weighted by its own gradient instead of the channel's mean.

L = ReLU(sum_k dy/dA^k * A^k), element by element. Where the head is one linear layer on the map, the sum before the
ReLU is the score but for its bias; Grad-CAM has that property only where the map is averaged first, which DCGAN's
discriminator does not do.
"""

from dataclasses import dataclass

from captum.attr import LayerGradientXActivation
from torch import Tensor, nn

from ganoscope.contracts import Explanation, Target
from ganoscope.explanation.layers import compute_layer_maps
from ganoscope.explanation.targets import name_target


@dataclass(frozen=True)
class Config:
    """Where HiResCAM looks.

    Source: Draelos, Carin 2020, "Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional neural
        networks", eq. 4, https://arxiv.org/abs/2011.08891
    """

    layer: str | None = None
    """Dotted name of a module, such as levels.2; by default the deepest with at least a quarter of the image's side."""


def explain(network: nn.Module, images: Tensor, target: Target, config: Config) -> Explanation:
    """Returns HiResCAM's heat maps; the network is left exactly as found.

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
        return LayerGradientXActivation(target, layer).attribute(inputs).sum(1, keepdim=True).relu()

    maps, layer = compute_layer_maps(network, images, target, config.layer, attribute)
    return Explanation(maps, "hires_cam", layer, name_target(target))
