"""The R3GAN step, written a second time from the paper in float64: every pair and every penalty on its own."""

import copy

import pytest
import torch

from ganoscope.contracts import Batch, ImageSpec
from ganoscope.methods.r3gan import R3GAN, Config
from ganoscope.training.loop import train_step
from ganoscope.training.processes import make_autocast

SIZE, BATCH, GAMMA, RATE, BETA2 = 32, 6, 3.0, 1e-3, 0.95


@pytest.fixture(autouse=True)
def double():
    """Makes all numbers float64."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def make_double(classes, share, size=SIZE):
    torch.manual_seed(0)
    config = Config(
        latent_dim=5,
        generator_channels=4,
        discriminator_channels=4,
        learning_rate=RATE,
        beta2=BETA2,
        penalty_weight=GAMMA,
        penalty_share=share,
    )
    method = R3GAN(config, ImageSpec(size, classes))
    for network in method.networks.values():
        network.train()
        for parameter in network.parameters():  # away from zero, so that every layer takes part from the first step
            parameter.data += 0.05 * torch.randn_like(parameter)
    return method


def softplus(value):
    return torch.log(1 + torch.exp(value))


def penalty(D, image, label):
    image = image.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(D(image[None], label).logits.sum(), image, create_graph=True)
    return (gradient**2).sum() / 2


def paper_step(G, D, optimizers, batch, z, share):
    labels = [None] * BATCH if batch.label is None else list(batch.label.split(1))
    count, gamma = round(BATCH * share), GAMMA * (SIZE / 64) ** 2
    fake = G(z) if batch.label is None else G(z, batch.label)
    adversarial = r1 = r2 = 0.0
    for i, (x, g, label) in enumerate(zip(batch.real, fake.detach(), labels, strict=True)):
        difference = D(g[None], label).logits[0] - D(x[None], label).logits[0]
        adversarial = adversarial + softplus(difference) / BATCH
        if i < count:
            r1 = r1 + gamma * penalty(D, x, label) / count
            r2 = r2 + gamma * penalty(D, g, label) / count
    optimizers["D"].zero_grad()
    (adversarial + r1 + r2).backward()
    optimizers["D"].step()
    generator = sum(
        softplus(D(x[None], label).logits[0] - D(g[None], label).logits[0]) / BATCH
        for x, g, label in zip(batch.real, fake, labels, strict=True)
    )
    optimizers["G"].zero_grad()
    generator.backward()
    optimizers["G"].step()
    return torch.stack([adversarial, r1, r2, generator]).detach()


def rate_of(name, parameter):
    """A parameter with its learning rate: lower for wide layers, as if weights were drawn N(0, 1) and scaled later."""
    inputs = parameter[0].numel() if name.endswith(".weight") else 64
    return {"params": [parameter], "lr": RATE * 8 / inputs**0.5}


@pytest.mark.parametrize("classes", [(), ("a", "b", "c")])
@pytest.mark.parametrize("share", [0.5, 1.0])
def test_three_steps_are_those_of_the_paper(monkeypatch, classes, share):
    method = make_double(classes, share)
    G, D = copy.deepcopy(method.G), copy.deepcopy(method.D)
    optimizers = {
        name: torch.optim.Adam(
            [rate_of(*pair) for pair in network.named_parameters()], betas=(0.0, BETA2), foreach=False
        )
        for name, network in (("G", G), ("D", D))
    }
    generator = torch.Generator().manual_seed(3)
    for step in range(3):
        real = torch.rand(BATCH, 1, SIZE, SIZE, generator=generator) * 2 - 1
        label = torch.randint(3, (BATCH,), generator=generator) if classes else None
        z = torch.randn(BATCH, 5, generator=generator)
        monkeypatch.setattr(torch, "randn", lambda *_, z=z, **__: z)
        terms = train_step(method, Batch(real, label), step, make_autocast("cpu", "fp32"))
        monkeypatch.undo()
        expected = paper_step(G, D, optimizers, Batch(real, label), z, share)
        found = [terms["discriminator"].adversarial, terms["discriminator"].r1, terms["discriminator"].r2]
        found.append(terms["generator"].adversarial)
        torch.testing.assert_close(torch.stack(found).detach().double(), expected, rtol=1e-4, atol=1e-6)
    for ours, theirs in ((method.G, G), (method.D, D)):
        for a, b in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-5)


def test_pairs_are_of_one_class():
    method = make_double(("a", "b", "c"), 1.0)
    seen = []
    method.G.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[1]))
    label = torch.tensor([2, 0, 1, 1, 2, 0])
    step = method.forward(Batch(torch.zeros(BATCH, 1, SIZE, SIZE), label))
    assert torch.equal(seen[0], label)
    assert torch.equal(step.label, label)


def test_without_classes_labels_are_not_looked_at():
    method = make_double((), 1.0)
    real = torch.zeros(BATCH, 1, SIZE, SIZE)
    assert method.classes == 0
    assert method.forward(Batch(real, torch.full((BATCH,), -1))).label is None


def test_the_share_of_pairs_that_d_has_right_is_observed_and_no_part_of_the_loss():
    method = make_double((), 1.0)
    method.D.head.weight.data.zero_()
    terms = method.discriminator_loss(method.forward(Batch(torch.zeros(BATCH, 1, SIZE, SIZE))))
    assert terms.pairs_right == 0
    assert torch.isclose(terms.total, torch.tensor(2.0).log().to(terms.total.dtype))


def test_the_penalty_grows_with_the_number_of_pixels():
    weights = [make_double((), 1.0, size).penalty_weight for size in (32, 64, 128)]
    assert weights == [GAMMA / 4, GAMMA, GAMMA * 4]
