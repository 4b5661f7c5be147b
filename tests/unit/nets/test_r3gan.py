"""The modern baseline's networks: sizes, classes, how they begin."""

from itertools import pairwise

import pytest
import torch

from ganoscope.nets.r3gan import GAIN, Discriminator, Generator, ResidualBlock, activate

SIZES = [32, 48, 80, 224]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("classes", [0, 3])
def test_shapes_of_images_logits_and_features(size, classes):
    G, D = Generator(size, 6, 4, classes), Discriminator(size, 4, classes)
    label = torch.tensor([0, 2]) if classes else None
    image = G(torch.randn(2, 6), label)
    found = D(image, label)
    assert image.shape == (2, 1, size, size)
    assert image.dtype == torch.float32
    assert found.logits.shape == (2,)
    sides = [features.shape[-1] for features in found.features]
    assert sides[0] == size // 2
    assert all(fine == 2 * coarse for fine, coarse in pairwise(sides))


def test_images_are_float32_in_range_under_bf16_autocast():
    with torch.autocast("cpu", torch.bfloat16):
        image = Generator(32, 6, 4, 0)(10 * torch.randn(8, 6))
    assert image.dtype == torch.float32
    assert image.abs().max() <= 1


def test_blocks_begin_as_the_identity():
    block, features = ResidualBlock(8, 5), torch.randn(2, 8, 6, 6)
    assert torch.equal(block(features), features)


@pytest.mark.parametrize("size", [64, 160])
def test_signals_neither_vanish_nor_explode_at_the_beginning(size):
    torch.manual_seed(0)
    G, D = Generator(size, 64, 16, 0), Discriminator(size, 16, 0)
    with torch.no_grad():
        image = G(torch.randn(32, 64))
        logits = D(torch.randn(32, 1, size, size).clamp(-1, 1)).logits
    assert 0.02 < float(image.std()) < 0.5
    assert float((image.abs() == 1).float().mean()) < 0.05
    assert 0.005 < float(logits.std()) < 3


def test_the_gain_keeps_the_variance_across_the_activation():
    values = activate(torch.randn(200_000)) * GAIN
    assert float(values.square().mean()) == pytest.approx(1.0, rel=0.02)


def test_without_a_label_the_logit_is_the_mean_over_classes():
    D, image = Discriminator(32, 4, 3), torch.randn(5, 1, 32, 32)
    each = [D(image, torch.full((5,), code)).logits for code in range(3)]
    torch.testing.assert_close(D(image).logits, torch.stack(each).mean(0))
    assert not torch.allclose(each[0], each[1])


def test_a_label_too_many_or_too_few_is_refused():
    with pytest.raises(TypeError):
        Generator(32, 6, 4, 0)(torch.zeros(1, 6), torch.tensor([0]))
    with pytest.raises(TypeError):
        Generator(32, 6, 4, 2)(torch.zeros(1, 6))


def test_a_constant_added_to_all_logits_is_nowhere_learned():
    """Its gradient would be zero under a loss of differences, which an alarm reports as a part that does not learn."""
    D = Discriminator(32, 4, 2)
    assert all(layer.bias is None for layer in (D.basis, D.head, D.class_head))
    image, label = torch.randn(4, 1, 32, 32), torch.tensor([0, 1, 0, 1])
    D(image, label).logits.mul(torch.tensor([1.0, -1.0, 2.0, -3.0])).sum().backward()
    silent = [name for name, parameter in D.named_parameters() if not parameter.grad.any()]
    assert all(".first." in name for name in silent)  # behind a convolution that begins at zero


def test_conditioning_reaches_the_image():
    torch.manual_seed(0)
    G, z = Generator(32, 6, 4, 3), torch.randn(1, 6).expand(3, -1)
    images = G(z, torch.arange(3))
    assert all(not torch.allclose(images[0], image) for image in images[1:])
