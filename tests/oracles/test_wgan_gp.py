"""WGAN-GP's algorithm 1, written a second time as a plain loop in float64."""

import copy

import pytest
import torch

from ganoscope.contracts import Batch
from ganoscope.methods.wgan_gp import WGANGP, Config
from ganoscope.training.checks.discriminator_won import find_domination
from ganoscope.training.loop import only_learning, train_step
from ganoscope.training.observations import Observations
from ganoscope.training.processes import make_autocast

SIZE, BATCH, LATENT = 32, 4, 5


def make_method(**settings):
    torch.manual_seed(0)
    small = {"latent_dim": LATENT, "generator_channels": 3, "discriminator_channels": 4}
    return WGANGP(Config(**small, **settings), SIZE)


def make_batch(count=BATCH):
    return Batch(torch.rand(count, 1, SIZE, SIZE) * 2 - 1)


def critic_step(G, D, optimizer, real, z, share):
    """Lines 4 to 9 of algorithm 1, image by image."""
    losses = []
    for index in range(BATCH):
        fake = G(z)[index : index + 1].detach()  # the whole batch, for its batch norm
        x = real[index : index + 1]
        x_hat = (share[index] * x + (1 - share[index]) * fake).requires_grad_()
        (slope,) = torch.autograd.grad(D(x_hat).logits[0], x_hat, create_graph=True)
        norm = slope.square().sum().sqrt()
        losses.append(D(fake).logits[0] - D(x).logits[0] + 10 * (norm - 1) ** 2)
    optimizer.zero_grad()
    loss = torch.stack(losses).mean()
    loss.backward()
    optimizer.step()
    return loss.item()


def generator_step(G, D, optimizer, z):
    """Lines 11 and 12 of algorithm 1."""
    optimizer.zero_grad()
    loss = -D(G(z)).logits.mean()
    loss.backward()
    optimizer.step()
    return loss.item()


def test_six_steps_equal_the_paper_s_algorithm(monkeypatch):
    method = make_method(learning_rate=2e-4)
    for network in method.networks.values():
        network.double().train()
    for module in method.G.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 0.0  # the naive loop draws each batch several times
    G, D = copy.deepcopy(method.G), copy.deepcopy(method.D)
    optimizer_g = torch.optim.Adam(G.parameters(), 2e-4, (0.5, 0.9), foreach=False)
    optimizer_d = torch.optim.Adam(D.parameters(), 2e-4, (0.5, 0.9), foreach=False)
    generator = torch.Generator().manual_seed(3)
    moved = []
    for step in range(6):
        real = torch.rand(BATCH, 1, SIZE, SIZE, generator=generator, dtype=torch.float64) * 2 - 1
        noise = [torch.randn(BATCH, LATENT, generator=generator, dtype=torch.float64) for _ in range(2)]
        share = torch.rand(BATCH, 1, 1, 1, generator=generator, dtype=torch.float64)
        draws = iter(noise)
        monkeypatch.setattr(torch, "randn", lambda *_, draws=draws, **__: next(draws))
        monkeypatch.setattr(torch, "rand", lambda *_, share=share, **__: share)
        terms = train_step(method, Batch(real), step, make_autocast("cpu", "fp32"))
        monkeypatch.undo()
        expected = critic_step(G, D, optimizer_d, real, noise[0], share)
        assert terms["critic"].total.item() == pytest.approx(expected, rel=1e-4, abs=1e-5)
        if "generator" in terms:
            moved.append(step)
            expected = generator_step(G, D, optimizer_g, noise[1])
            assert terms["generator"].adversarial.item() == pytest.approx(expected, rel=1e-4, abs=1e-5)
    assert moved == [0, 5]
    for ours, theirs in ((method.G, G), (method.D, D)):
        for (name, a), b in zip(ours.named_parameters(), theirs.parameters(), strict=True):
            assert torch.allclose(a, b, rtol=1e-4, atol=1e-6), name


def test_a_step_without_the_generator_builds_no_graph_through_it(monkeypatch):
    method, seen = make_method(), []
    forward = method.G.forward
    monkeypatch.setattr(method.G, "forward", lambda z: seen.append(forward(z)) or seen[-1])
    for step in range(5):
        train_step(method, make_batch(), step, make_autocast("cpu", "fp32"))
    assert [image.requires_grad for image in seen] == [False, True, False, False, False, False]


def test_penalty_is_computed_once_per_critic_step_and_never_for_the_generator(monkeypatch):
    method, passes = make_method(), []
    forward = method.D.forward
    monkeypatch.setattr(method.D, "forward", lambda image: passes.append(len(image)) or forward(image))
    train_step(method, make_batch(), 1, make_autocast("cpu", "fp32"))
    assert passes == [2 * BATCH, BATCH]  # real and generated ones together; the penalty
    passes.clear()
    with only_learning(method.networks, ("G",)):
        method.generator_loss(make_batch().real)
    assert passes == [BATCH]


def test_distance_is_reported_and_no_alarm_takes_a_score_for_a_probability():
    method = make_method()
    with torch.no_grad():
        method.D.head.weight.mul_(1e4)  # scores far from any probability
    terms = train_step(method, make_batch(), 0, make_autocast("cpu", "fp32"))["critic"]
    values = terms.scalars()
    assert values["distance"].item() == pytest.approx(-(values["real"] + values["fake"]).item(), rel=1e-5)
    assert terms.total.item() == pytest.approx((values["real"] + values["fake"] + values["penalty"]).item(), rel=1e-5)
    rows = [{f"critic.{name}": value.item() for name, value in values.items()}]
    assert list(find_domination(Observations(rows))) == []


def test_critic_finds_the_distance_between_two_images():
    """Two single images lie w apart. The slope s that is best for s w - 10 (s - 1)^2 is 1 + w / 20."""
    method, distances = make_method(learning_rate=5e-3), []
    real, fake = torch.zeros(2, 1, SIZE, SIZE), torch.zeros(2, 1, SIZE, SIZE)
    real[:, :, 4:12, 4:12] = fake[:, :, 20:28, 20:28] = 0.3
    method.draw_fake = lambda _: fake
    for _ in range(150):
        terms = train_step(method, Batch(real), 1, make_autocast("cpu", "fp32"))
        distances.append(terms["critic"].distance.item())
    apart = (real - fake)[0].norm().item()
    assert sum(distances[100:]) / 50 == pytest.approx(apart * (1 + apart / 20), rel=0.15)
