"""Networks of the CAM-guided GAN: shapes at every size, attention that takes part, initialisation."""

import pytest
import torch
from torch import nn

from ganoscope.nets.cam import Discriminator, Generator, init_expressive, plan_sides, plan_widths


def make_generator(size=64, upsampling="upsample"):
    torch.manual_seed(0)
    return Generator(size, 10, 64, upsampling)


def test_the_defaults_at_224_px_are_those_of_the_specification():
    with torch.device("meta"):
        G, D = Generator(224, 100, 512, "upsample"), Discriminator(224, 64)
    assert len(G.levels) == len(G.attention) == 7
    assert G.levels[0][0].out_channels == 512
    assert len(D.levels) == 5
    assert D.levels[0][0].out_channels == 64
    assert all(level[0].stride == (2, 2) for level in D.levels)
    kinds = [type(module) for level in list(G.levels)[1:] for module in level]
    assert kinds.count(nn.Upsample) == 6
    assert nn.ConvTranspose2d not in kinds


@pytest.mark.parametrize("upsampling", ["upsample", "transposed"])
@pytest.mark.parametrize("size", [32, 48, 80, 224])
def test_an_attention_map_of_every_level_comes_with_the_image(size, upsampling):
    drawn = make_generator(size, upsampling).draw_with_attention(torch.randn(2, 10))
    assert drawn.image.shape == (2, 1, size, size)
    assert drawn.image.abs().max() <= 1
    assert [level.shape for level in drawn.attention] == [(2, 1, side, side) for side in plan_sides(size)]
    assert all(0 < level.min() <= level.max() < 1 for level in drawn.attention)


def test_calling_the_generator_gives_the_same_image():
    G, z = make_generator().eval(), torch.randn(2, 10)
    assert torch.equal(G(z), G.draw_with_attention(z).image)


@pytest.mark.parametrize("level", range(5))
def test_attention_of_every_level_changes_the_image(level):
    G, z = make_generator().eval(), torch.randn(2, 10)
    with torch.no_grad():
        before = G(z)
        G.attention[level].bias += 3.0
        assert (G(z) - before).abs().max() > 0.05 * before.abs().max()


def test_transposed_convolutions_are_chosen_by_name():
    kinds = [type(module) for level in make_generator(224, "transposed").levels for module in level]
    assert kinds.count(nn.ConvTranspose2d) == 7
    assert nn.Upsample not in kinds


def test_widths_never_fall_to_nothing():
    assert plan_widths(5, 1) == [1, 1, 1, 1, 1]
    assert plan_widths(4, 64) == [16, 8, 4, 2]


@pytest.mark.parametrize("size", [32, 48, 64, 224])
def test_the_discriminator_returns_logits_and_a_heat_map_of_the_images_size(size):
    torch.manual_seed(0)
    seen = Discriminator(size, 4)(torch.randn(3, 1, size, size))
    assert seen.logits.shape == (3,)
    assert seen.cam.shape == (3, 1, size, size)
    assert 0 < seen.cam.min() <= seen.cam.max() < 1


def test_the_logit_is_linear_in_the_mean_of_the_features():
    torch.manual_seed(0)
    D, image = Discriminator(64, 4).eval(), torch.randn(3, 1, 64, 64)
    features = D.levels(image)
    expected = (D.head.weight[0, :, None, None] * features).sum(1).mean((1, 2)) + D.head.bias
    torch.testing.assert_close(D(image).logits, expected)


def test_initialisation_is_the_expressive_one():
    torch.manual_seed(0)
    convolution, norm, linear = nn.Conv2d(64, 128, 3), nn.BatchNorm2d(4096), nn.Linear(400, 200)
    for module in (convolution, norm, linear):
        init_expressive(module)
        assert module.bias.abs().max() == 0
    assert convolution.weight.mean().item() == pytest.approx(0, abs=3e-4)
    assert convolution.weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert norm.weight.mean().item() == pytest.approx(1, abs=2e-3)
    assert norm.weight.std().item() == pytest.approx(0.02, rel=0.05)
    limit = (6 / 600) ** 0.5
    assert 0.98 * limit < linear.weight.abs().max().item() <= limit
