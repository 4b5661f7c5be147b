"""The CGAN step, written a second time as a plain loop in float64, its logits from the projection's definition."""

import copy
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from ganoscope.contracts import Batch, ImageSpec
from ganoscope.errors import UserError
from ganoscope.methods.cgan import CGAN, Config, check
from ganoscope.training.loop import train_step
from ganoscope.training.processes import make_autocast

SIZE, BATCH = 32, 6
SPEC = ImageSpec(SIZE, ("a", "b", "c"))


def make_method(**settings):
    torch.manual_seed(0)
    small = {"latent_dim": 5, "generator_channels": 3, "discriminator_channels": 1}
    return CGAN(Config(**small, **settings), SPEC)


def make_double(**settings):
    method = make_method(instance_noise=0, **settings)
    for network in method.networks.values():
        network.double().train()
    for module in method.D.modules():
        if hasattr(module, "n_power_iterations"):
            module.n_power_iterations = 0  # the naive loop passes every image alone
    return method


def naive_logits(D, image, label):
    """psi(phi(x)) + v_y phi(x), one image and one place after the other."""
    psi, bias, vectors = D.head.weight[0], D.head.bias[0], D.projection.weight
    logits = []
    for picture, code in zip(image, label.tolist(), strict=True):
        phi = D(picture[None], label[:1]).features[-1].flatten()
        logits.append(bias + sum((psi[place] + vectors[code, place]) * value for place, value in enumerate(phi)))
    return torch.stack(logits)


def plain_step(G, D, optimizer_g, optimizer_d, real, z, label):
    optimizer_d.zero_grad()
    D.zero_grad()
    targets = torch.full((BATCH,), 0.9, dtype=torch.float64)
    loss_real = F.binary_cross_entropy_with_logits(naive_logits(D, real, label), targets)
    loss_real.backward()
    fake = G(z, label)
    zeros = torch.zeros(BATCH, dtype=torch.float64)
    loss_fake = F.binary_cross_entropy_with_logits(naive_logits(D, fake.detach(), label), zeros)
    loss_fake.backward()
    optimizer_d.step()
    optimizer_g.zero_grad()
    loss_g = F.binary_cross_entropy_with_logits(naive_logits(D, fake, label), torch.ones(BATCH, dtype=torch.float64))
    loss_g.backward()
    optimizer_g.step()
    return loss_real.item(), loss_fake.item(), loss_g.item()


@pytest.mark.parametrize("spectral_norm", [False, True])
def test_three_steps_equal_the_plain_loop(monkeypatch, spectral_norm):
    method = make_double(spectral_norm=spectral_norm)
    G, D = copy.deepcopy(method.G), copy.deepcopy(method.D)
    optimizer_g = torch.optim.Adam(G.parameters(), 2e-4, (0.5, 0.999), foreach=False)
    optimizer_d = torch.optim.Adam(D.parameters(), 4e-4, (0.5, 0.999), foreach=False)
    generator = torch.Generator().manual_seed(3)
    for step in range(3):
        real = torch.rand(BATCH, 1, SIZE, SIZE, generator=generator, dtype=torch.float64) * 2 - 1
        label = torch.randint(3, (BATCH,), generator=generator)
        z = torch.randn(BATCH, 5, generator=generator, dtype=torch.float64)
        monkeypatch.setattr(torch, "randn", lambda *_, z=z, **__: z)
        terms = train_step(method, Batch(real, label), step, make_autocast("cpu", "fp32"))
        monkeypatch.undo()
        expected = plain_step(G, D, optimizer_g, optimizer_d, real, z, label)
        found = (terms["discriminator"].real, terms["discriminator"].fake, terms["generator"].adversarial)
        assert torch.allclose(torch.stack(found).detach(), torch.tensor(expected, dtype=torch.float64), rtol=1e-5)
    for ours, theirs in ((method.G, G), (method.D, D)):
        for a, b in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True):
            assert torch.allclose(a, b, rtol=1e-4, atol=1e-6)


def test_projection_equals_an_explicit_loop_and_no_label_means_the_mean_over_classes():
    D = make_double().D.eval()
    image = torch.rand(4, 1, SIZE, SIZE, dtype=torch.float64) * 2 - 1
    label = torch.tensor([2, 0, 1, 1])
    assert torch.allclose(D(image, label).logits, naive_logits(D, image, label))
    each = torch.stack([naive_logits(D, image, torch.full((4,), code)) for code in range(3)])
    assert torch.allclose(D(image).logits, each.mean(dim=0))


def test_generated_images_have_the_classes_of_the_real_ones(monkeypatch):
    method = make_method(instance_noise=0.3)
    asked, judged = [], []
    G, D = method.G.forward, method.D.forward
    monkeypatch.setattr(method.G, "forward", lambda z, label: asked.append(label) or G(z, label))
    monkeypatch.setattr(method.D, "forward", lambda image, label: judged.append((image, label)) or D(image, label))
    label = torch.arange(60) % 3
    shared = method.forward(Batch(torch.rand(60, 1, SIZE, SIZE) * 2 - 1, label))
    method.discriminator_loss(shared)
    method.generator_loss(shared)
    assert [torch.equal(codes, label) for codes in asked] == [True]
    assert [codes.tolist() for _, codes in judged] == [2 * label.tolist(), label.tolist()]
    for given, (image, _) in zip((torch.cat([shared.real, shared.fake]), shared.fake), judged, strict=True):
        assert abs((image - given).detach().std() - 0.3) < 0.01


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (("a", "b", ""), r"got 2 classes, 1 of 3 images without a label"),
        (("a", "a", "a"), r"got 1 classes \(a\), 0 of 3"),
    ],
)
def test_a_store_that_can_not_teach_classes_is_refused(labels, message):
    store = SimpleNamespace(column=lambda _: np.array(labels), indices=lambda _: np.arange(3))
    with pytest.raises(UserError, match=f"method cgan needs the class of every training image: {message}"):
        check(Config(), store, ImageSpec(32))
    check(
        Config(),
        SimpleNamespace(column=lambda _: np.array(["a", "b", "b"]), indices=lambda _: np.arange(3)),
        ImageSpec(32),
    )
