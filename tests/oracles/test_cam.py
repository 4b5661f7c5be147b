"""Class activation maps, their merges, their losses, and a whole step of the CAM-guided GAN, written a second time."""

import copy
from dataclasses import fields
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ganoscope.classifiers.teacher import Teacher
from ganoscope.classifiers.trained import ClassifierRecord, TrainedClassifier
from ganoscope.contracts import Batch
from ganoscope.methods.cam_gan import CamGAN, Config
from ganoscope.nets.classifiers import fine_cnn
from ganoscope.objectives.cam import MERGES, attention_bce, cam_l1, compute_cams, scale_cams
from ganoscope.training.loop import train_step
from ganoscope.training.processes import make_autocast

SIZE, BATCH, CLASSES, SCALE = 32, 6, 3, 0.05
RECORD = {field.name: None for field in fields(ClassifierRecord)}


def make_double(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_cam_equals_a_plain_loop():
    features, weight = make_double(2, 5, 3, 4), make_double(CLASSES, 5, seed=1)
    cams = compute_cams(features, weight)
    for b in range(2):
        for k in range(CLASSES):
            for y in range(3):
                for x in range(4):
                    expected = sum(weight[k, c] * features[b, c, y, x] for c in range(5))
                    assert cams[b, k, y, x].item() == pytest.approx(expected.item(), rel=1e-5)


def test_cam_is_grad_cam_before_its_relu_times_the_number_of_cells():
    """Selvaraju et al. 2017, sect. 3.1: for a mean and a linear layer, Grad-CAM's weights are the layer's over Z."""
    features, head = make_double(2, 5, 4, 4).requires_grad_(), nn.Linear(5, CLASSES).double()
    logits = head(features.mean((2, 3)))
    cams = compute_cams(features, head.weight)
    for k in range(CLASSES):
        (gradient,) = torch.autograd.grad(logits[:, k].sum(), features, retain_graph=True)
        weights = gradient.mean((2, 3), keepdim=True)
        grad_cam = (weights * features).sum(1)
        torch.testing.assert_close(cams[:, k], 16 * grad_cam.float(), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(cams.mean((2, 3)) + head.bias.float(), logits.float(), rtol=1e-5, atol=1e-6)


def test_the_four_merges_by_hand():
    cams = torch.tensor([0.9, 0.1, 0.4, 0.6]).reshape(1, 4, 1, 1)
    probability = torch.tensor([[0.1, 0.2, 0.3, 0.4]])
    expected = {
        "max": 0.9,
        "mean": (0.9 + 0.1 + 0.4 + 0.6) / 4,
        "weighted": 0.09 + 0.02 + 0.12 + 0.24,
        "topk": (0.1 + 0.4 + 0.6) / 3,
    }
    for name, value in expected.items():
        merged = MERGES[name](cams, probability)
        assert merged.shape == (1, 1, 1, 1)
        assert merged.item() == pytest.approx(value)
    pair = MERGES["topk"](cams[:, :2], probability[:, :2])
    assert pair.item() == pytest.approx(0.5)


def test_an_empty_map_stays_empty_and_a_weak_one_weak():
    raw = torch.stack([torch.full((2, 4, 4), -3.0), torch.full((2, 4, 4), 0.1), torch.full((2, 4, 4), 50.0)])
    cams = scale_cams(raw, 10.0, 16)
    probability = torch.full((3, 2), 0.5)
    for merge in MERGES.values():
        merged = merge(cams, probability)
        assert merged[0].max() == 0
        torch.testing.assert_close(merged[1], torch.full((1, 16, 16), 0.01))
        torch.testing.assert_close(merged[2], torch.ones(1, 16, 16))


def test_losses_equal_plain_loops():
    cam, target = torch.rand(2, 1, 8, 8), torch.rand(2, 1, 8, 8)
    attention = (torch.rand(2, 1, 2, 2), torch.rand(2, 1, 8, 8))
    for b in range(2):
        l1 = sum(abs(cam[b, 0, y, x] - target[b, 0, y, x]) for y in range(8) for x in range(8)) / 64
        assert cam_l1(cam, target)[b].item() == pytest.approx(l1.item(), rel=1e-5)
        entropies = []
        for level in attention:
            side = level.shape[-1]
            cell, total = 8 // side, 0.0
            for y in range(side):
                for x in range(side):
                    m = target[b, 0, y * cell : (y + 1) * cell, x * cell : (x + 1) * cell].mean()
                    a = level[b, 0, y, x]
                    total -= m * torch.log(a) + (1 - m) * torch.log(1 - a)
            entropies.append(total / side**2)
        assert attention_bce(attention, target)[b].item() == pytest.approx(float(sum(entropies) / 2), rel=1e-5)


def make_teacher():
    torch.manual_seed(5)
    network = fine_cnn.build(CLASSES).eval().requires_grad_(False).double()
    record = RECORD | {"temperature": 1.5}
    return Teacher(TrainedClassifier(Path(), ClassifierRecord(**record), network), SCALE)


def make_method(**changes):
    torch.manual_seed(0)
    settings = {"latent_dim": 5, "generator_channels": 32, "discriminator_channels": 4, "instance_noise": 0}
    method = CamGAN(Config(**settings | changes), SIZE)
    for network in method.networks.values():
        network.double().train()
    method.teacher = make_teacher()
    return method


def naive_map(network, image):
    """The teacher's maps, merged by probability: relu, one scale, enlarged."""
    output = network(image)
    cam = torch.einsum("bchw,kc->bkhw", output.features, network.head.weight)
    cam = torch.minimum(F.relu(cam) / SCALE, torch.ones_like(cam))
    cam = F.interpolate(cam, size=SIZE, mode="bilinear")
    return sum(torch.softmax(output.logits / 1.5, 1)[:, k, None, None] * cam[:, k] for k in range(CLASSES))[:, None]


def tutorial_step(G, D, optimizers, teacher, real, z):
    entropy = F.binary_cross_entropy_with_logits

    def full(value):
        return torch.full((BATCH,), value, dtype=torch.float64)

    x, maps = z[:, :, None, None], []
    for level, head in zip(G.levels, G.attention, strict=True):
        x = level(x)
        maps.append(torch.sigmoid(head(x)))
        x = x + maps[-1] * x
    fake = G.end(x)
    target = naive_map(teacher, fake)
    optimizers["D"].zero_grad()
    seen, seen_fake = D(real), D(fake.detach())
    cam = (seen.cam - naive_map(teacher, real)).abs().mean() + (seen_fake.cam - target.detach()).abs().mean()
    d_terms = entropy(seen.logits, full(0.9)), entropy(seen_fake.logits, full(0.0)), cam / 2
    sum(d_terms).backward()
    optimizers["D"].step()
    optimizers["G"].zero_grad()
    seen = D(fake)
    attention = [
        F.binary_cross_entropy(a, F.avg_pool2d(target.detach(), SIZE // a.shape[-1])) for a in maps
    ]  # sides 4 to 32
    g_terms = entropy(seen.logits, full(1.0)), 5 * (seen.cam - target).abs().mean(), 2 * sum(attention) / len(maps)
    sum(g_terms).backward()
    optimizers["G"].step()
    return [term.item() for term in d_terms], [term.item() for term in g_terms]


def test_two_steps_equal_the_tutorial_loop(monkeypatch):
    method = make_method(attention_weight=2.0)
    G, D, teacher = copy.deepcopy(method.G), copy.deepcopy(method.D), copy.deepcopy(method.teacher.classifier.network)
    heads = {id(parameter) for parameter in G.attention.parameters()}
    rest = [parameter for parameter in G.parameters() if id(parameter) not in heads]
    groups = [{"params": rest}, {"params": G.attention.parameters(), "lr": 2e-3}]
    optimizers = {
        "G": torch.optim.Adam(groups, 2e-4, (0.5, 0.999), foreach=False),
        "D": torch.optim.Adam(D.parameters(), 2e-4, (0.5, 0.999), foreach=False),
    }
    for step in range(2):
        real, z = make_double(BATCH, 1, SIZE, SIZE, seed=step).clamp(-1, 1), make_double(BATCH, 5, seed=10 + step)
        monkeypatch.setattr(torch, "randn", lambda *_, z=z, **__: z)
        terms = train_step(method, Batch(real), step, make_autocast("cpu", "fp32"))
        monkeypatch.undo()
        d_terms, g_terms = tutorial_step(G, D, optimizers, teacher, real, z)
        found = terms["discriminator"]
        assert [found.real.item(), found.fake.item(), found.cam.item()] == pytest.approx(d_terms, rel=1e-5)
        found = terms["generator"]
        assert [found.adversarial.item(), found.cam.item(), found.attention.item()] == pytest.approx(g_terms, rel=1e-5)
    for ours, theirs in ((method.G, G), (method.D, D)):
        for a, b in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("weight", "network"), [("d_cam_weight", "D"), ("g_cam_weight", "G"), ("attention_weight", "G")]
)
def test_removing_a_cam_loss_changes_the_trained_weights(weight, network, monkeypatch):
    trained = []
    for changes in ({}, {weight: 0.0}):
        method = make_method(**changes)
        for step in range(2):
            torch.manual_seed(step)
            real = make_double(BATCH, 1, SIZE, SIZE, seed=step).clamp(-1, 1)
            with monkeypatch.context() as patch:
                patch.setattr(torch, "randn", partial(torch.randn, dtype=torch.float64))
                train_step(method, Batch(real), step, make_autocast("cpu", "fp32"))
        trained.append(method.networks[network])
    largest = max((a - b).abs().max() for a, b in zip(trained[0].parameters(), trained[1].parameters(), strict=True))
    assert largest > 1e-4


def test_the_generators_cam_loss_reaches_it_through_d_and_through_the_teacher():
    method = make_method()
    fake = make_double(BATCH, 1, SIZE, SIZE, seed=3).clamp(-1, 1).requires_grad_()
    target = method.teacher(fake, "weighted").merged
    assert 0 < target.mean() < 1
    seen = method.D(fake).cam
    (by_d,) = torch.autograd.grad(cam_l1(seen, target.detach()).mean(), fake, retain_graph=True)
    (by_teacher,) = torch.autograd.grad(cam_l1(seen.detach(), target).mean(), fake)
    assert by_d.abs().max() > 0
    assert by_teacher.abs().max() > 0
    assert all(parameter.grad is None for parameter in method.teacher.classifier.network.parameters())


def test_attention_follows_the_evidence_and_the_evidence_does_not_flee():
    method = make_method()
    G = method.G
    drawn = G.draw_with_attention(make_double(BATCH, 5))
    step = SimpleNamespace(
        fake=drawn.image, attention=drawn.attention, fake_cam=method.teacher(drawn.image, "max").merged
    )
    method.generator_loss(step).attention.backward()
    assert all(head.weight.grad.abs().max() > 0 for head in G.attention)
    assert all(parameter.grad is None for parameter in G.end.parameters())
