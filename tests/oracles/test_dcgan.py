"""The DCGAN step, written a second time as a plain tutorial loop in float64."""

import copy

import torch
import torch.nn.functional as F

from ganoscope.contracts import Batch
from ganoscope.methods.dcgan import DCGAN, Config
from ganoscope.training.loop import train_step
from ganoscope.training.processes import make_autocast

SIZE, BATCH = 32, 6


def make_double(smoothing):
    torch.manual_seed(0)
    method = DCGAN(
        Config(
            latent_dim=5, generator_channels=3, discriminator_channels=4, label_smoothing=smoothing, instance_noise=0
        ),
        SIZE,
    )
    for network in method.networks.values():
        network.double().train()
    return method


def tutorial_step(G, D, optimizer_g, optimizer_d, real, z):
    optimizer_d.zero_grad()
    D.zero_grad()
    loss_real = F.binary_cross_entropy_with_logits(D(real).logits, torch.full((BATCH,), 0.9, dtype=torch.float64))
    loss_real.backward()
    fake = G(z)
    loss_fake = F.binary_cross_entropy_with_logits(D(fake.detach()).logits, torch.zeros(BATCH, dtype=torch.float64))
    loss_fake.backward()
    optimizer_d.step()
    optimizer_g.zero_grad()
    loss_g = F.binary_cross_entropy_with_logits(D(fake).logits, torch.ones(BATCH, dtype=torch.float64))
    loss_g.backward()
    optimizer_g.step()
    return loss_real.item(), loss_fake.item(), loss_g.item()


def test_three_steps_equal_the_tutorial_loop(monkeypatch):
    method = make_double(0.9)
    G, D = copy.deepcopy(method.G), copy.deepcopy(method.D)
    optimizer_g = torch.optim.Adam(G.parameters(), 2e-4, (0.5, 0.999), foreach=False)
    optimizer_d = torch.optim.Adam(D.parameters(), 2e-4, (0.5, 0.999), foreach=False)
    generator = torch.Generator().manual_seed(3)
    for step in range(3):
        real = torch.rand(BATCH, 1, SIZE, SIZE, generator=generator, dtype=torch.float64) * 2 - 1
        z = torch.randn(BATCH, 5, generator=generator, dtype=torch.float64)
        monkeypatch.setattr(torch, "randn", lambda *_, z=z, **__: z)
        terms = train_step(method, Batch(real), step, make_autocast("cpu", "fp32"))
        monkeypatch.undo()
        expected = tutorial_step(G, D, optimizer_g, optimizer_d, real, z)
        found = (terms["discriminator"].real, terms["discriminator"].fake, terms["generator"].adversarial)
        assert torch.allclose(torch.stack(found).detach(), torch.tensor(expected, dtype=torch.float64), rtol=1e-5)
    for ours, theirs in ((method.G, G), (method.D, D)):
        for a, b in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True):
            assert torch.allclose(a, b, rtol=1e-4, atol=1e-6)


def test_instance_noise_meets_real_and_generated_images_alike(monkeypatch):
    torch.manual_seed(0)
    method = DCGAN(Config(latent_dim=5, generator_channels=3, discriminator_channels=4, instance_noise=0.3), SIZE)
    seen = []
    original = method.D.forward
    monkeypatch.setattr(method.D, "forward", lambda image: seen.append(image.detach()) or original(image))
    shared = method.forward(Batch(torch.rand(64, 1, SIZE, SIZE) * 2 - 1))
    method.discriminator_loss(shared)
    method.generator_loss(shared)
    for given, image in zip((shared.real, shared.fake, shared.fake), seen, strict=True):
        noise = image - given
        assert abs(noise.mean()) < 0.01
        assert abs(noise.std() - 0.3) < 0.01
    assert not torch.equal(seen[1], seen[2])
