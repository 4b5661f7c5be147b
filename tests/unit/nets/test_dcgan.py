import pytest
import torch
from torch import nn

from ganoscope.nets.dcgan import MAX_SIZE, MIN_SIZE, SIZE_STEP, Discriminator, Generator, plan_channels, plan_levels


@pytest.mark.parametrize("size", range(MIN_SIZE, MAX_SIZE + 1, SIZE_STEP))
def test_levels_lead_from_the_coarsest_map_to_the_image(size):
    side, levels = plan_levels(size)
    assert side * 2**levels == size
    assert side < 8 or side % 2


@pytest.mark.parametrize("size", [0, 16, 40, 65, 528])
def test_other_sizes_are_refused(size):
    with pytest.raises(ValueError, match=f"got {size}; allowed: multiples of 16 from 32 to 512"):
        plan_levels(size)


def test_channels_double_up_to_eight_times_the_base():
    assert plan_channels(6, 3) == [3, 6, 12, 24, 24, 24]


@pytest.mark.parametrize("size", [32, 48, 64, 80])
def test_the_discriminator_halves_what_the_generator_doubles(size):
    images = Generator(size, 5, 2)(torch.randn(3, 5))
    assert images.shape == (3, 1, size, size)
    output = Discriminator(size, 2)(images)
    assert output.logits.shape == (3,)
    assert [maps.shape[-1] for maps in output.features] == [
        size // 2 ** (level + 1) for level in range(plan_levels(size)[1])
    ]


def test_weights_start_as_in_the_paper():
    torch.manual_seed(0)
    convolution = Generator(64, 100, 64).levels[0][0]
    assert isinstance(convolution, nn.ConvTranspose2d)
    assert convolution.weight.std().item() == pytest.approx(0.02, rel=0.01)
    norm = Discriminator(64, 64).levels[3][1]
    assert norm.weight.mean().item() == pytest.approx(1.0, abs=0.01)
    assert norm.weight.std().item() == pytest.approx(0.02, rel=0.2)
    assert not norm.bias.any()
