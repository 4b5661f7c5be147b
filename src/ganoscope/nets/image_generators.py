"""The generators that translate images, by name."""

from typing import Literal

from ganoscope.nets import attention_resunet, patchgan, resnet_generator
from ganoscope.nets.attention_resunet import AttentionResUNet
from ganoscope.nets.resnet_generator import ResNetGenerator, check_sides

GeneratorName = Literal["resnet", "attention_resunet"]
ImageGenerator = ResNetGenerator | AttentionResUNet
LAYERS = 5
"""Maps that the encoders of both give, at least, and that patches are compared in."""


def make_image_generator(name: GeneratorName, channels: int | None) -> ImageGenerator:
    """Returns a generator; of its own number of channels where none is given."""
    network = ResNetGenerator if name == "resnet" else AttentionResUNet
    return network(channels) if channels else network()


def check_side(name: GeneratorName, size: int) -> None:
    """Does nothing where a generator and a patch discriminator can take square images of that side.

    Raises:
        ValueError: The side is too small or no multiple of what the generator needs.
    """
    network = resnet_generator if name == "resnet" else attention_resunet
    check_sides((size, size), network.SIDE_STEP, max(network.MIN_SIDE, patchgan.MIN_SIDE))
