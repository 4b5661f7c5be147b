"""The generators that translate images, by name."""

from typing import Literal

from ganoscope.nets import attention_resunet, patchgan, resnet_generator
from ganoscope.nets.attention_resunet import AttentionResUNet
from ganoscope.nets.resnet_generator import ResNetGenerator, check_sides

GeneratorName = Literal["resnet", "attention_resunet"]
ImageGenerator = ResNetGenerator | AttentionResUNet
LAYERS = 5
"""Number of maps that both encoders return at least; patches are compared in these."""


def make_image_generator(name: GeneratorName, channels: int | None) -> ImageGenerator:
    """Returns a generator; None for its default number of channels."""
    network = ResNetGenerator if name == "resnet" else AttentionResUNet
    return network(channels) if channels else network()


def check_side(name: GeneratorName, size: int) -> None:
    """Refuses a side that a generator or the patch discriminator can't handle.

    Raises:
        ValueError: The side in pixels is too small, or not a multiple of the generator's step.
    """
    network = resnet_generator if name == "resnet" else attention_resunet
    check_sides((size, size), network.SIDE_STEP, max(network.MIN_SIDE, patchgan.MIN_SIDE))
