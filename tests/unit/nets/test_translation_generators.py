"""Both generators that translate: sizes, parameters, what one pass gives, precision, memory format."""

import math
from itertools import pairwise

import pytest
import torch
from torch import nn

from ganoscope.nets.attention_resunet import AttentionGate, AttentionResUNet, ResidualUnit
from ganoscope.nets.resnet_generator import ResidualBlock, ResNetGenerator

KINDS = {"resnet": lambda: ResNetGenerator(4, 6), "resunet": lambda: AttentionResUNet(4)}
both = pytest.mark.parametrize("kind", KINDS)


def make_generator(kind):
    torch.manual_seed(0)
    return KINDS[kind]()


def make_images(count=2, height=64, width=64):
    return torch.rand(count, 1, height, width, generator=torch.Generator().manual_seed(1)) * 2 - 1


def count_parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


def count_convolutions(network, run):
    calls, layers = [], [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    handles = [layer.register_forward_hook(lambda *_: calls.append(1)) for layer in layers]
    run(make_images())
    for handle in handles:
        handle.remove()
    return len(calls)


@pytest.mark.parametrize(
    ("kind", "height", "width"),
    [("resnet", side, side) for side in (8, 64, 68, 100, 256)]
    + [("resnet", 12, 40), ("resunet", 32, 32), ("resunet", 64, 64), ("resunet", 256, 256), ("resunet", 48, 112)],
)
def test_images_keep_their_size_and_stay_in_range(kind, height, width):
    images = make_images(1, height, width)
    found = make_generator(kind)(images)
    assert found.shape == images.shape
    assert 0 < found.abs().max() <= 1


@pytest.mark.parametrize(
    ("kind", "sides", "message"),
    [
        ("resnet", (66, 66), "got 66 x 66; allowed: multiples of 4, 8 or more"),
        ("resnet", (64, 30), "got 64 x 30; allowed: multiples of 4"),
        ("resnet", (4, 4), "got 4 x 4; allowed: multiples of 4, 8 or more"),
        ("resunet", (68, 68), "got 68 x 68; allowed: multiples of 16, 32 or more"),
        ("resunet", (16, 16), "got 16 x 16; allowed: multiples of 16, 32 or more"),
    ],
)
def test_other_sizes_are_refused(kind, sides, message):
    G = make_generator(kind)
    for run in (G, G.encode, G.translate):
        with pytest.raises(ValueError, match=message):
            run(make_images(1, *sides))


def test_the_default_resnet_is_that_of_the_specification():
    G = ResNetGenerator()
    expected = 64 * 49 + 9 * (64 * 128 + 128 * 256)  # 7 x 7 on one channel, then two of stride 2
    expected += 8 * 2 * 9 * 256 * 256  # residual blocks
    expected += 9 * (256 * 128 + 128 * 64) + 64 * 49 + 1  # back to the image
    assert count_parameters(G) == expected == 10_180_737
    assert sum(isinstance(module, ResidualBlock) for module in G.modules()) == 8
    assert G.feature_channels == (1, 128, 256, 256, 256)


def test_the_default_resunet_has_the_parameters_counted_by_hand():
    widths, expected = [32, 64, 128, 256, 512], 9 * 32 + 2 * 9 * 32 * 32 + 32 + 1  # first, first unit, last
    for narrow, wide in pairwise(widths):
        expected += 9 * (narrow * wide + wide * wide) + narrow * wide  # unit of stride 2
        expected += 9 * ((narrow + wide) * narrow + narrow * narrow) + (narrow + wide) * narrow  # unit of the way up
        inner = narrow // 2
        expected += 4 * narrow * inner + (wide * inner + inner) + (inner + 1)  # gate: W_x, W_g and psi
    G = AttentionResUNet()
    assert count_parameters(G) == expected
    assert sum(isinstance(module, AttentionGate) for module in G.modules()) == 4
    assert sum(isinstance(module, ResidualUnit) for module in G.modules()) == 9
    assert G.feature_channels == (1, 32, 64, 128, 256, 512)


@both
def test_every_parameter_receives_a_gradient(kind):
    G = make_generator(kind)
    G(make_images()).mul(torch.randn(2, 1, 64, 64)).sum().backward()
    assert [name for name, parameter in G.named_parameters() if not parameter.grad.any()] == []
    assert all(parameter.grad.isfinite().all() for parameter in G.parameters())


@both
def test_one_pass_gives_exactly_what_two_give(kind):
    G, images = make_generator(kind), make_images()
    found = G.translate(images)
    assert torch.equal(found.image, G(images))
    assert all(torch.equal(a, b) for a, b in zip(found.features, G.encode(images), strict=True))
    assert torch.equal(found.features[0], images)
    assert tuple(maps.shape[1] for maps in found.features) == G.feature_channels


@pytest.mark.parametrize(("blocks", "maps"), [(1, 4), (2, 5), (5, 5), (9, 5)])
def test_shorter_and_longer_resnets_give_the_last_block_up_to_the_fifth(blocks, maps):
    G = ResNetGenerator(2, blocks)
    features = G.encode(make_images(1, 16, 24))
    assert len(features) == maps
    assert tuple(map_.shape[1] for map_ in features) == G.feature_channels
    assert [tuple(map_.shape[2:]) for map_ in features[:4]] == [(16, 24), (8, 12), (4, 6), (4, 6)]


@pytest.mark.parametrize(
    ("kind", "encoder", "decoder"),
    [("resnet", 1 + 2 + 5 * 2, 2 + 2 + 1), ("resunet", 1 + 2 + 4 * 3, 4 * (3 + 3) + 1)],
)
def test_encoding_computes_nothing_beyond_the_maps(kind, encoder, decoder):
    G = make_generator(kind)
    assert count_convolutions(G, G.encode) == encoder
    assert count_convolutions(G, G.translate) == count_convolutions(G, G) == encoder + decoder


@both
def test_gradients_reach_the_encoder_through_the_maps_alone(kind):
    G = make_generator(kind)
    sum(maps.square().sum() for maps in G.encode(make_images())[1:]).backward()
    reached = {name.split(".")[0] for name, parameter in G.named_parameters() if parameter.grad is not None}
    assert reached == ({"start", "downs", "blocks"} if kind == "resnet" else {"start", "encoder"})


@both
def test_an_image_is_translated_alike_alone_in_a_batch_and_in_either_mode(kind):
    G, images = make_generator(kind), make_images(3)
    together = G.train()(images)
    alone = torch.cat([G.eval()(image[None]) for image in images])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)
    assert torch.equal(G.train()(images), G.eval()(images))


@both
def test_memory_format_changes_no_number(kind):
    G, images = make_generator(kind), make_images()
    expected = G.translate(images)
    found = G.to(memory_format=torch.channels_last).translate(images.to(memory_format=torch.channels_last))
    torch.testing.assert_close(found.image, expected.image, rtol=1e-3, atol=1e-5)
    for ours, theirs in zip(found.features, expected.features, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-5)


@both
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_bf16_autocast_gives_float32_images_near_the_exact_ones(kind, layout):
    G, images = make_generator(kind).to(memory_format=layout), make_images()
    with torch.autocast("cpu", torch.bfloat16):
        found = G(images)
    assert found.dtype == torch.float32
    assert (found != found.bfloat16().float()).float().mean() > 0.9  # finer steps than bfloat16 has
    assert (found - G(images)).abs().mean() < 0.1 * found.abs().mean()
    found.square().mean().backward()
    assert all(parameter.grad.isfinite().all() for parameter in G.parameters())


@both
@pytest.mark.parametrize("value", [-1.0, 0.0])
def test_an_image_of_one_value_gives_finite_images_and_gradients(kind, value):
    G = make_generator(kind)
    found = G(torch.full((1, 1, 32, 32), value))
    found.mean().backward()
    assert found.isfinite().all()
    assert all(parameter.grad.isfinite().all() for parameter in G.parameters())


@both
def test_weights_begin_as_in_cyclegan(kind):
    torch.manual_seed(0)
    G = ResNetGenerator(16, 2) if kind == "resnet" else AttentionResUNet(8)
    weights = torch.cat([p.flatten() for name, p in G.named_parameters() if name.endswith("weight")])
    assert math.isclose(weights.std().item(), 0.02, rel_tol=0.02)
    assert all(not p.any() for name, p in G.named_parameters() if name.endswith("bias"))


@both
def test_the_compiler_takes_the_whole_pass_as_one_graph(kind):
    G, images = make_generator(kind), make_images(1)
    compiled = torch.compile(G, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(images), G(images), rtol=1e-4, atol=1e-5)


def test_a_closed_gate_stops_the_skip_and_an_open_one_lets_it_pass():
    gate, skip, coarse = AttentionGate(4, 8), torch.randn(2, 4, 8, 6), torch.randn(2, 8, 4, 3)
    with torch.no_grad():
        gate.psi.weight.zero_()
        for bias, share in ((-40.0, 0.0), (0.0, 0.5), (40.0, 1.0)):
            gate.psi.bias.fill_(bias)
            torch.testing.assert_close(gate(skip, coarse), share * skip)


def test_absolute_intensity_reaches_the_resunets_output():
    """Instance norm takes the mean of every map away; the residual sums carry it past."""
    G, images = make_generator("resunet"), make_images(1) / 4
    with torch.no_grad():
        for parameter in G.parameters():
            parameter.mul_(10)
        shift = (G(images + 0.5) - G(images)).abs().mean()
    assert shift > 0.01
