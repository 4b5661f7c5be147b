"""Which layers of a network give maps, and which of them to explain."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganoscope.contracts import Target
from ganoscope.errors import UserError
from ganoscope.nets.evaluation_mode import evaluating, find_device

BATCH = 32
"""Images per pass."""

MIN_SIDE = 1 / 4
"""Smallest side of a map by default, relative to the image's: 16 x 16 for 64 x 64.

Measured on a DCGAN after 46,000 brain slices: Grad-CAM for "real" is empty on every image at 8 x 8, on 2% at 16 x 16.
The same rule suits discriminators with residual blocks, whose maps at 8 x 8 are not empty: on four of R3GAN, after
10,000 to 92,000 brain slices or chest films, the rank correlation with maps of randomised networks is 0.15 to 0.57 at
16 x 16, 0.33 to 0.67 at 32 x 32 and 0.25 to 0.43 at 8 x 8.
"""

Attribute = Callable[[nn.Module, Tensor], Tensor]


@torch.no_grad()
def list_map_sides(network: nn.Module, image: Tensor, target: Target) -> dict[str, int]:
    """Returns the shorter side of every module's map in pixels, in the order in which the modules finish.

    Only modules that return one tensor of shape (B, C, h, w) are listed; a module used twice counts where it is last.
    Parametrisations, such as a spectral norm, return weights.

    Args:
        network: The network.
        image: Shape (1, C, H, W), network range.
        target: From images to the score (B,), computed by `network`.
    """
    sides: dict[str, int] = {}

    def note(name: str, module: nn.Module, inputs: Any, output: Any) -> None:
        sides.pop(name, None)
        if isinstance(output, Tensor) and output.dim() == 4 and min(output.shape[2:]) > 1:
            sides[name] = min(output.shape[2:])

    handles = [
        module.register_forward_hook(partial(note, name))
        for name, module in network.named_modules()
        if name and "parametrizations" not in name.split(".")
    ]
    try:
        target(image)
    finally:
        for handle in handles:
            handle.remove()
    return sides


def choose_layer(sides: dict[str, int], size: int, wanted: str | None) -> str:
    """Returns the layer that is wanted, or the deepest whose map has at least a quarter of the image's side.

    Args:
        sides: Side of each layer's map in pixels, from `list_map_sides`.
        size: Side of the images in pixels.
        wanted: Name of a layer; None for the default.

    Raises:
        UserError: There is no such layer.

    Example:
        >>> choose_layer({"levels.1": 16, "levels.2": 8, "levels.3": 4}, 64, None)
        'levels.1'
    """
    allowed = [name for name, side in sides.items() if side >= int(size * MIN_SIDE)]
    if wanted is None and allowed:
        return allowed[-1]
    if wanted in sides:
        return wanted
    raise UserError(
        f"no layer to explain: got {wanted or 'none'}; allowed, by the side of their maps: {describe_layers(sides)}. "
        "Name one with --layer."
    )


def describe_layers(sides: dict[str, int]) -> str:
    """Returns the layers that give maps, for a message."""
    parts: Iterable[str] = (f"{name} ({side} px)" for name, side in sides.items())
    return ", ".join(parts) or "none, as this network has no convolutional maps"


def find_cell_px(network: nn.Module, image: Tensor, target: Target, layer: str) -> float:
    """Returns the side of one cell of a layer's map, in pixels of the image; 0 where the layer gives no map.

    Args:
        network: The network, which computes in evaluation mode.
        image: Shape (1, C, H, W), network range.
        target: From images to the score (B,), computed by `network`.
        layer: Name of the layer.
    """
    with evaluating(network):
        side = list_map_sides(network, image.to(find_device(network)), target).get(layer, 0)
    return image.shape[-1] / side if side else 0.0


def compute_layer_maps(
    network: nn.Module, images: Tensor, target: Target, wanted: str | None, attribute: Attribute
) -> tuple[Tensor, str]:
    """Returns (maps (B, H, W) on the CPU, name of the layer); the network is left exactly as found.

    Args:
        network: Any convolutional network, frozen or not, in any mode; it computes in evaluation mode.
        images: Shape (B, C, H, W), in network range; passed on in small batches, so that memory stays constant.
        target: From images to the score (B,), computed by `network`.
        wanted: Name of a layer; None for the deepest that is fine enough.
        attribute: From the layer and a batch of images to its coarse maps (b, 1, h, w), 0 or above.

    Raises:
        UserError: The layer does not exist or gives no map.
    """
    device = find_device(network)
    with evaluating(network), torch.enable_grad():
        name = choose_layer(list_map_sides(network, images[:1].to(device), target), min(images.shape[-2:]), wanted)
        layer = network.get_submodule(name)
        coarse = [attribute(layer, copy_for_gradient(batch.to(device))).detach() for batch in images.split(BATCH)]
    fine = F.interpolate(torch.cat(coarse).float(), images.shape[-2:], mode="bilinear", align_corners=False)
    return fine[:, 0].clamp_min(0).cpu(), name


def copy_for_gradient(images: Tensor) -> Tensor:
    """Returns a copy of images (B, C, H, W) that needs a gradient: a frozen network has no parameter that does.

    It is no leaf of the graph, because a network may begin with an in-place operation.
    """
    return images.detach().clone().requires_grad_().clone()
