"""The gradient penalty against critics whose gradient is known, finite differences, and plain float64 loops."""

import pytest
import torch
from torch import nn

from ganoscope.nets.wgan_gp import Critic
from ganoscope.objectives.gradient_penalty import gradient_penalty


def make_pair(count=4, size=6, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(count, 1, size, size, generator=generator, dtype=dtype) * 2 - 1 for _ in range(2)]


def make_critic(dtype=torch.float64, seed=0):
    torch.manual_seed(seed)
    layers = (nn.Conv2d(1, 3, 3, 2, 1), nn.Tanh(), nn.Conv2d(3, 1, 3, 1, 0), nn.Flatten(0))
    return nn.Sequential(*layers).to(dtype)


def test_a_linear_critic_has_the_length_of_its_weights_as_gradient_everywhere():
    real, fake = make_pair()
    weight = torch.randn(36, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    penalty = gradient_penalty(lambda image: image.flatten(1) @ weight + 5, real, fake)
    expected = (weight.square().sum().sqrt() - 1) ** 2
    assert torch.allclose(penalty.double(), expected.expand(4), rtol=1e-6)


def test_a_quadratic_critic_shows_where_the_gradient_is_taken(monkeypatch):
    real, fake = make_pair()
    share = torch.tensor([0.0, 1.0, 0.25, 0.6], dtype=torch.float64).reshape(4, 1, 1, 1)
    monkeypatch.setattr(torch, "rand", lambda *_, **__: share)
    penalty = gradient_penalty(lambda image: image.square().sum((1, 2, 3)) / 2, real, fake)  # its gradient is the point
    for index, epsilon in enumerate((0.0, 1.0, 0.25, 0.6)):
        point = epsilon * real[index] + (1 - epsilon) * fake[index]
        assert penalty[index].item() == pytest.approx((point.norm().item() - 1) ** 2, rel=1e-5)


def test_points_are_spread_evenly_between_each_pair():
    real, fake = torch.ones(4000, 1, 2, 2), torch.zeros(4000, 1, 2, 2)
    seen = []
    gradient_penalty(lambda image: seen.append(image.detach()) or image.sum((1, 2, 3)), real, fake)
    share = seen[0][:, 0, 0, 0]
    assert torch.equal(seen[0], share.reshape(-1, 1, 1, 1).expand_as(seen[0]))
    assert torch.allclose(
        torch.quantile(share, torch.tensor([0.1, 0.5, 0.9])), torch.tensor([0.1, 0.5, 0.9]), atol=0.03
    )


def test_norm_equals_finite_differences_of_the_score():
    real, _ = make_pair(2)
    critic, step = make_critic(), 1e-6
    penalty = gradient_penalty(critic, real, real)  # all points between an image and itself are the image
    for index in range(2):
        squares = 0.0
        for place in range(36):
            shift = torch.zeros(36, dtype=torch.float64)
            shift[place] = step
            shift = shift.reshape(1, 1, 6, 6)
            image = real[index : index + 1]
            with torch.no_grad():
                slope = (critic(image + shift) - critic(image - shift))[:4].sum() / (2 * step)
            squares += slope.item() ** 2
        assert penalty[index].item() == pytest.approx((squares**0.5 - 1) ** 2, rel=1e-5)


def test_gradient_of_the_weights_equals_finite_differences():
    real, _ = make_pair(3)
    critic, step = make_critic(), 5e-3  # the penalty is float32
    gradient_penalty(critic, real, real).mean().backward()
    weight = critic[0].weight
    for place in ((0, 0, 0, 0), (1, 0, 2, 1), (2, 0, 1, 1)):
        values = []
        for sign in (1, -1):
            with torch.no_grad():
                weight[place] += sign * step
            values.append(gradient_penalty(critic, real, real).double().mean().item())
            with torch.no_grad():
                weight[place] -= sign * step
        assert weight.grad[place].item() == pytest.approx((values[0] - values[1]) / (2 * step), rel=5e-3, abs=1e-5)


def test_the_critic_gets_a_gradient_and_the_images_get_none():
    real, fake = (image.requires_grad_() for image in make_pair())
    critic = make_critic()
    gradient_penalty(critic, real, fake).sum().backward()
    assert real.grad is None
    assert fake.grad is None
    assert critic[0].weight.grad.abs().sum() > 0


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_long_gradients_are_summed_in_full_precision(dtype):
    images = torch.zeros(2, 1, 64, 64, dtype=dtype)
    penalty = gradient_penalty(lambda image: image.flatten(1).sum(1), images, images)
    assert penalty.dtype == torch.float32
    assert penalty.tolist() == [63.0**2, 63.0**2]


def test_double_backward_through_the_critic_works_in_bf16_and_is_close_to_fp32():
    real, fake = make_pair(4, 32, dtype=torch.float32)
    found = []
    for enabled in (False, True):
        torch.manual_seed(3)
        critic = Critic(32, 8).to(memory_format=torch.channels_last)
        with torch.no_grad():
            for parameter in critic.parameters():
                parameter.mul_(3)  # slopes near 1, where the penalty is steep
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            torch.manual_seed(4)
            penalty = gradient_penalty(lambda image, critic=critic: critic(image).logits, real, fake)
        assert penalty.dtype == torch.float32
        (10 * penalty).mean().backward()
        found.append(
            (penalty.detach(), torch.cat([p.grad.flatten() for p in critic.parameters() if p.grad is not None]))
        )
    assert torch.allclose(found[0][0], found[1][0], rtol=0.1, atol=0.02)
    assert torch.cosine_similarity(found[0][1], found[1][1], dim=0) > 0.99
