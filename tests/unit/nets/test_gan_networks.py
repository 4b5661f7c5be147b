"""Networks of CGAN and WGAN-GP, and spectral norm: what they must and must not depend on."""

import pytest
import torch
from torch import nn

from ganoscope.explanation.feature_attribution import load
from ganoscope.explanation.targets import why_real
from ganoscope.nets.cgan import ConditionalBatchNorm, ConditionalGenerator, ProjectionDiscriminator
from ganoscope.nets.parts.spectral_norm import add_spectral_norm
from ganoscope.nets.wgan_gp import Critic

SIZES = (32, 48, 80, 224)


def make_images(count=4, size=32, seed=1):
    return torch.rand(count, 1, size, size, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def make_discriminators(size=32):
    torch.manual_seed(0)
    return [
        ProjectionDiscriminator(size, 4, 3, spectral_norm=False),
        ProjectionDiscriminator(size, 4, 3, spectral_norm=True),
        Critic(size, 4),
    ]


@pytest.mark.parametrize("size", SIZES)
def test_every_discriminator_gives_one_score_per_image_and_the_maps_of_every_level(size):
    for D in make_discriminators(size):
        output = D(make_images(2, size))
        assert output.logits.shape == (2,)
        sides = [features.shape[-1] for features in output.features]
        assert sides == [size // 2 ** (level + 1) for level in range(len(sides))]


@pytest.mark.parametrize("size", SIZES)
def test_conditional_generator_draws_any_size_in_network_range(size):
    G = ConditionalGenerator(size, 6, 2, classes=3)
    image = G(torch.randn(4, 6), torch.tensor([0, 1, 2, 0]))
    assert image.shape == (4, 1, size, size)
    assert image.abs().max() <= 1


def test_conditional_batch_norm_scales_and_shifts_each_image_by_its_own_class():
    norm = ConditionalBatchNorm(2, classes=3)
    with torch.no_grad():
        norm.scale.weight.copy_(torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
        norm.shift.weight.copy_(torch.tensor([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]))
    maps = torch.randn(4, 2, 3, 3) * 4 + 7
    found = norm(maps, torch.tensor([2, 0, 1, 2]))
    normalised = (maps - maps.mean((0, 2, 3), keepdim=True)) / (
        maps.var((0, 2, 3), unbiased=False, keepdim=True) + 1e-5
    ).sqrt()
    for index, code in enumerate((2, 0, 1, 2)):
        for channel in range(2):
            expected = normalised[index, channel] * (2 * code + channel + 1) + (2 * code + channel + 1) / 10
            assert torch.allclose(found[index, channel], expected, atol=1e-4)


@pytest.mark.parametrize("index", [0, 2])
def test_a_score_does_not_depend_on_the_other_images_in_training_either(index):
    D, images = make_discriminators()[index].train(), make_images(6)
    alone = torch.cat([D(image[None]).logits for image in images])
    assert torch.allclose(D(images).logits, alone, atol=1e-5)


def test_spectral_norm_divides_every_weight_by_its_largest_singular_value():
    torch.manual_seed(0)
    layers = nn.ModuleList([nn.Conv2d(3, 5, 3), nn.Linear(7, 4), nn.Embedding(6, 8)])
    before = [layer.weight.detach().flatten(1).clone() for layer in layers]
    add_spectral_norm(layers)
    for _ in range(50):  # one power iteration each
        after = [layer.weight.detach().flatten(1) for layer in layers]
    for old, new in zip(before, after, strict=True):
        assert torch.allclose(new, old / torch.linalg.svdvals(old)[0], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("index", range(3))
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_every_parameter_of_a_discriminator_receives_a_gradient(index, precision):
    D = make_discriminators()[index]
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == torch.bfloat16):
        label = () if isinstance(D, Critic) else (torch.tensor([0, 1, 2, 0]),)
        logits = D(make_images(), *label).logits
    (logits * torch.tensor([1.0, -2.0, 3.0, 0.5])).sum().backward()
    assert all(bool(parameter.grad.any()) for parameter in D.parameters())


@pytest.mark.parametrize("index", range(3))
def test_a_discriminator_can_be_explained_without_a_label(index):
    D = make_discriminators()[index]
    module = load("grad_cam")
    maps = module.explain(D, make_images(), why_real(D), module.Config()).maps
    assert maps.shape == (4, 32, 32)
    assert maps.any()
