"""The networks of translation, written a second time in NumPy and float64: every convolution as a sum over its taps."""

import numpy as np
import pytest
import torch
from torch import nn

from ganoscope.nets.attention_resunet import AttentionResUNet
from ganoscope.nets.parts.patch_projection import PatchProjection
from ganoscope.nets.patchgan import PatchGAN
from ganoscope.nets.resnet_generator import ResNetGenerator


def make_double(network):
    """Float64, with weights large enough that every part matters, and biases that are not zero."""
    generator = torch.Generator().manual_seed(0)
    for parameter in network.double().parameters():
        fan_in = parameter[0].numel()
        parameter.data = torch.randn(parameter.shape, generator=generator, dtype=torch.float64) / fan_in**0.5
    return network.eval()


def make_image(height, width, count=2):
    return torch.rand(count, 1, height, width, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 2 - 1


def conv(x, layer, stride=1, reflect=0, zero=0):
    weight = layer.weight.detach().numpy()
    x = np.pad(x, ((0, 0), (0, 0), (reflect, reflect), (reflect, reflect)), "reflect") if reflect else x
    x = np.pad(x, ((0, 0), (0, 0), (zero, zero), (zero, zero)))
    side = weight.shape[2]
    height, width = ((length - side) // stride + 1 for length in x.shape[2:])
    out = np.zeros((len(x), len(weight), height, width))
    for i in range(side):
        for j in range(side):
            tap = x[:, :, i : i + stride * height : stride, j : j + stride * width : stride][:, :, :height, :width]
            out += np.einsum("oc,bchw->bohw", weight[:, :, i, j], tap)
    return out if layer.bias is None else out + layer.bias.detach().numpy()[:, None, None]


def norm(x):
    out = np.empty_like(x)
    for b in range(x.shape[0]):
        for c in range(x.shape[1]):
            out[b, c] = (x[b, c] - x[b, c].mean()) / np.sqrt(((x[b, c] - x[b, c].mean()) ** 2).mean() + 1e-5)
    return out


def relu(x):
    return np.where(x > 0, x, 0.0)


def enlarge(x):
    """Bilinear: new pixel centres lie a quarter of an old pixel beside the old ones; borders are repeated."""
    for axis in (2, 3):
        first, last = x.take([0], axis), x.take([-1], axis)
        before = np.concatenate([first, x.take(range(x.shape[axis] - 1), axis)], axis)
        after = np.concatenate([x.take(range(1, x.shape[axis]), axis), last], axis)
        pairs = np.stack([0.75 * x + 0.25 * before, 0.75 * x + 0.25 * after], axis + 1)
        x = pairs.reshape(*x.shape[:axis], 2 * x.shape[axis], *x.shape[axis + 1 :])
    return x


def convolutions(network):
    return iter([module for module in network.modules() if isinstance(module, nn.Conv2d)])


@pytest.mark.parametrize(("height", "width"), [(16, 16), (20, 12)])
@pytest.mark.parametrize("blocks", [3, 7])
def test_resnet_generator_and_its_maps(height, width, blocks):
    G = make_double(ResNetGenerator(4, blocks))
    image = make_image(height, width)
    x, features, layers = image.numpy(), [image.numpy()], convolutions(G)
    x = relu(norm(conv(x, next(layers), reflect=3)))
    for _ in range(2):
        features.append(conv(x, next(layers), stride=2, zero=1))
        x = relu(norm(features[-1]))
    for number in range(1, blocks + 1):
        inner = relu(norm(conv(x, next(layers), reflect=1)))
        x = x + norm(conv(inner, next(layers), reflect=1))
        if number in (1, min(blocks, 5)):
            features.append(x)
    for _ in range(2):
        x = relu(norm(conv(enlarge(x), next(layers), zero=1)))
    x = np.tanh(conv(x, next(layers), reflect=3))
    assert next(layers, None) is None
    found = G.translate(image)
    np.testing.assert_allclose(found.image.detach(), x, rtol=1e-9, atol=1e-10)
    for ours, theirs in zip(found.features, features, strict=True):
        np.testing.assert_allclose(ours.detach(), theirs, rtol=1e-9, atol=1e-10)


def residual_unit(x, unit, stride):
    first, second = (unit.change[2], unit.change[5])
    change = conv(relu(norm(conv(relu(norm(x)), first, stride, zero=1))), second, zero=1)
    changes_shape = stride > 1 or first.weight.shape[0] != first.weight.shape[1]
    return change + (conv(x, unit.shortcut, stride) if changes_shape else x)


def test_attention_resunet_and_its_maps():
    G = make_double(AttentionResUNet(3))
    for parameter in G.end.parameters():  # so that not all of the image is clipped
        parameter.data *= 0.2
    image = make_image(48, 32)
    x, maps = conv(image.numpy(), G.start, zero=1), []
    for level in range(5):
        x = residual_unit(x, G.encoder[level], 1 if level == 0 else 2)
        maps.append(x)
    for step, skip in enumerate(maps[3::-1]):
        gate = G.gates[step]
        q = conv(relu(conv(skip, gate.w_x, stride=2) + conv(x, gate.w_g)), gate.psi)
        attended = skip * enlarge(1 / (1 + np.exp(-q)))
        x = residual_unit(np.concatenate([attended, enlarge(x)], axis=1), G.decoder[step], 1)
    found = G.translate(image)
    changed = image.numpy() + conv(x, G.end)
    assert 0.01 < (np.abs(changed) > 1).mean() < 0.9, "some are to be clipped, not all"
    np.testing.assert_allclose(found.image.detach(), changed.clip(-1, 1), rtol=1e-9, atol=1e-10)
    for ours, theirs in zip(found.features, [image.numpy(), *maps], strict=True):
        np.testing.assert_allclose(ours.detach(), theirs, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("instance_norm", [True, False])
@pytest.mark.parametrize(("height", "width"), [(32, 32), (45, 30)])
def test_patchgan_and_its_maps(instance_norm, height, width):
    D = make_double(PatchGAN(3, spectral_norm=False, instance_norm=instance_norm))
    image = make_image(height, width)
    x, maps, layers = image.numpy(), [], convolutions(D)
    for level, stride in enumerate((2, 2, 2, 1)):
        x = conv(x, next(layers), stride, zero=1)
        x = norm(x) if instance_norm and level > 0 else x
        x = np.where(x > 0, x, 0.2 * x)
        maps.append(x)
    patches = conv(x, next(layers), zero=1)
    found = D(image)
    np.testing.assert_allclose(found.patches.detach(), patches, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(found.logits.detach(), [patch.mean() for patch in patches], rtol=1e-9)
    for ours, theirs in zip(found.features, maps[1:], strict=True):
        np.testing.assert_allclose(ours.detach(), theirs, rtol=1e-9, atol=1e-10)


def test_spectrally_normalised_patchgan_is_the_plain_one_with_divided_weights():
    D, plain = make_double(PatchGAN(3)), make_double(PatchGAN(3, spectral_norm=False))
    normalised = [module for module in D.modules() if isinstance(module, nn.Conv2d)]
    D.train()
    for _ in range(300):  # one power iteration each
        D(make_image(24, 24))
    D.eval()
    for ours, theirs in zip(normalised, convolutions(plain), strict=True):
        original = ours.parametrizations.weight.original.detach()
        sigma = np.linalg.svd(original.flatten(1).numpy(), compute_uv=False)[0]
        theirs.weight.data, theirs.bias = original / sigma, ours.bias
    image = make_image(32, 32)
    np.testing.assert_allclose(D(image).patches.detach(), plain(image).patches.detach(), rtol=1e-4, atol=1e-6)


def test_patch_projection_vector_by_vector():
    head = make_double(PatchProjection((1, 5), dimension=6))
    features = [make_image(8, 8, 3), torch.randn(3, 5, 4, 6, dtype=torch.float64)]
    positions = [torch.tensor([63, 0, 9]), torch.tensor([23, 7])]
    found = head(features, positions)
    for layer, (maps, places) in enumerate(zip(features, positions, strict=True)):
        first, _, second = head.heads[layer]
        for image in range(3):
            for index, place in enumerate(places.tolist()):
                row, column = divmod(place, maps.shape[3])
                hidden = relu(first.weight.detach().numpy() @ maps[image, :, row, column].numpy() + first.bias.tolist())
                vector = second.weight.detach().numpy() @ hidden + second.bias.tolist()
                expected = vector / np.sqrt((vector**2).sum())
                np.testing.assert_allclose(found[layer][image, index].detach(), expected, rtol=1e-9)
