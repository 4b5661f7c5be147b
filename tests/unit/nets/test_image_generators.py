from typing import get_args

import pytest
import torch

from ganoscope.nets.image_generators import LAYERS, GeneratorName, check_side, make_image_generator

NAMES = get_args(GeneratorName)


@pytest.mark.parametrize("name", NAMES)
def test_both_generators_give_the_layers_in_which_patches_are_compared(name):
    generator = make_image_generator(name, 4)
    image = torch.rand(1, 1, 32, 32) * 2 - 1
    translation = generator.translate(image)
    assert translation.image.shape == image.shape
    assert len(translation.features) >= LAYERS
    assert tuple(maps.shape[1] for maps in translation.features) == generator.feature_channels


@pytest.mark.parametrize(("name", "channels"), [("resnet", 64), ("attention_resunet", 32)])
def test_without_a_number_of_channels_each_has_its_own(name, channels):
    with torch.device("meta"):
        assert make_image_generator(name, None).start.out_channels == channels
        assert make_image_generator(name, 8).start.out_channels == 8


@pytest.mark.parametrize(
    ("name", "allowed", "refused"), [("resnet", (24, 28, 512), (20, 26)), ("attention_resunet", (32, 48), (24, 40))]
)
def test_a_side_is_checked_for_generator_and_discriminator(name, allowed, refused):
    for side in allowed:
        check_side(name, side)
    for side in refused:
        with pytest.raises(ValueError, match=f"got {side} x {side}"):
            check_side(name, side)
