"""The relativistic pairing loss and the penalties at zero, restated in float64 and held against finite differences."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from ganoscope.objectives.relativistic import relativistic_discriminator, relativistic_generator
from ganoscope.objectives.zero_centred_penalty import zero_centred_penalty

scores = st.lists(st.tuples(st.floats(-30, 30), st.floats(-30, 30)), min_size=1, max_size=8)


@given(scores)
def test_losses_are_those_of_the_paper(pairs):
    real, fake = torch.tensor(pairs, dtype=torch.float64).unbind(1)
    expected_d = [math.log1p(math.exp(f - r)) for r, f in zip(real.tolist(), fake.tolist(), strict=True)]
    expected_g = [math.log1p(math.exp(r - f)) for r, f in zip(real.tolist(), fake.tolist(), strict=True)]
    torch.testing.assert_close(relativistic_discriminator(real, fake), torch.tensor(expected_d), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(relativistic_generator(real, fake), torch.tensor(expected_g), rtol=1e-5, atol=1e-6)


def test_a_step_of_each_player_lowers_its_own_loss_and_raises_the_other_s():
    real, fake = torch.tensor([0.3]), torch.tensor([-0.2])
    for ours, theirs, sign in (
        (relativistic_discriminator, relativistic_generator, -1),
        (relativistic_generator, relativistic_discriminator, 1),
    ):
        moved = fake + sign * 0.1
        assert ours(real, moved) < ours(real, fake)
        assert theirs(real, moved) > theirs(real, fake)


@pytest.mark.parametrize("difference", [-1e4, 1e4])
def test_extreme_logits_give_finite_losses_and_gradients(difference):
    fake = torch.tensor([difference], requires_grad=True)
    loss = relativistic_discriminator(torch.zeros(1), fake)
    loss.sum().backward()
    assert loss.isfinite().all()
    assert fake.grad.isfinite().all()


def make_network(dtype=torch.float64):
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.Tanh(), nn.Flatten(), nn.Linear(48, 1), nn.Flatten(0)).to(dtype)


def test_the_penalty_is_what_finite_differences_give():
    network, image = make_network(), torch.rand(3, 1, 6, 6, dtype=torch.float64)
    step = 1e-6
    expected = []
    for single in image:
        total = 0.0
        for place in range(36):
            shift = torch.zeros(36, dtype=torch.float64).index_fill(0, torch.tensor(place), step).view(1, 1, 6, 6)
            total += ((network(single[None] + shift) - network(single[None] - shift)).item() / (2 * step)) ** 2
        expected.append(total / 2)
    image.requires_grad_()
    found = zero_centred_penalty(network(image), image)
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float32), rtol=1e-5, atol=0)


def test_the_penalty_s_own_gradient_is_what_finite_differences_give():
    network, image = make_network(), torch.rand(2, 1, 6, 6, dtype=torch.float64).requires_grad_()
    weight = network[0].weight
    (gradient,) = torch.autograd.grad(zero_centred_penalty(network(image), image).sum(), weight)
    direction, step, values = torch.randn_like(weight), 1e-3, []
    for sign in (1, -1):
        with torch.no_grad():
            weight += sign * step * direction
        values.append(zero_centred_penalty(network(image), image).sum().item())
        with torch.no_grad():
            weight -= sign * step * direction
    assert (gradient * direction).sum().item() == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-3)


def test_one_pass_for_all_images_gives_each_image_s_own_penalty():
    network, image = make_network(), torch.rand(4, 1, 6, 6, dtype=torch.float64).requires_grad_()
    whole = zero_centred_penalty(network(image), image)
    singly = [image[i : i + 1].detach().requires_grad_() for i in range(4)]
    parts = [zero_centred_penalty(network(single), single) for single in singly]
    torch.testing.assert_close(whole, torch.cat(parts))


def test_the_penalty_is_float32_under_bf16_autocast_and_close_to_the_exact_one():
    network, image = make_network(torch.float32), torch.rand(4, 1, 6, 6).requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        rough = zero_centred_penalty(network(image), image)
    assert rough.dtype == torch.float32
    torch.testing.assert_close(rough, zero_centred_penalty(network(image), image), rtol=0.05, atol=0)
