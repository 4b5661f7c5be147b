"""The hook before a discriminator: seen in training only, gone without a trace, adapted reproducibly, without leaks."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from ganoscope.contracts import Batch, ImageSpec
from ganoscope.data.feeding.augment import Policy
from ganoscope.data.feeding.diff_augment import MR, UNKNOWN, DiscriminatorPolicy, choose_policy
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.methods.dcgan import DCGAN, Config
from ganoscope.nets.dcgan import DiscriminatorOutput
from ganoscope.training.discriminator_augmentation import (
    EVERY_IMAGES,
    FIXED_PROBABILITY,
    MAX_PROBABILITY,
    RAMP_IMAGES,
    Adaptation,
    attach,
    make_discriminator_augmentation,
    measure_overfitting,
)
from ganoscope.training.loop import train_step
from ganoscope.training.processes import make_autocast

SIZE = 32


def make_method(seed=0):
    torch.manual_seed(seed)
    config = Config(latent_dim=5, generator_channels=3, discriminator_channels=4, instance_noise=0)
    return DCGAN(config, ImageSpec(SIZE).size)


def make_images(count=6, seed=0):
    return torch.rand(count, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(seed)) * 2 - 1


class BrightnessJudge(nn.Module):
    """A discriminator whose logit is a known function of the image, and which takes a label."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(10.0))

    def forward(self, image, label=None):
        shift = 0.0 if label is None else label.float()
        return DiscriminatorOutput(self.scale * image.mean((1, 2, 3)) + shift, ())


def snapshot(network):
    state = {key: value.clone() for key, value in network.state_dict().items()}
    return state, [len(module._forward_pre_hooks) for module in network.modules()], list(network._modules)


def test_a_network_in_training_sees_augmented_images_and_one_in_evaluation_bare_ones():
    D, images = BrightnessJudge(), make_images()
    bare = D(images).logits
    augmentation = attach(D, MR, 1.0)
    torch.manual_seed(0)
    seen = D(images).logits
    torch.manual_seed(0)
    augmented = augmentation(images)
    D.eval()
    assert torch.equal(D(images).logits, bare)
    assert torch.equal(D(augmented).logits, seen)
    assert not torch.equal(seen, bare)


def test_labels_reach_the_network_unchanged():
    D = BrightnessJudge()
    attach(D, MR, 0.0)
    images, label = make_images(), torch.arange(6)
    torch.testing.assert_close(D(images, label).logits - D(images).logits, label.float())


def test_nothing_is_left_after_removal():
    D = make_method().D
    before = snapshot(D)
    augmentation = attach(D, MR, 0.7)
    assert snapshot(D)[1] != before[1]
    assert snapshot(D)[0].keys() == before[0].keys()  # checkpoints of D do not know of it
    augmentation.remove()
    after = snapshot(D)
    assert after[1:] == before[1:]
    assert all(torch.equal(value, after[0][key]) for key, value in before[0].items())


def test_same_seed_gives_same_numbers_and_another_seed_others():
    D, images = BrightnessJudge(), make_images()
    attach(D, MR, 0.8)
    results = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        results.append(D(images).logits)
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])


def test_a_method_that_does_not_know_of_it_learns_through_it():
    plain, augmented = make_method(), make_method()
    attach(augmented.networks["D"], MR, 0.8)
    for method in (plain, augmented):
        torch.manual_seed(3)
        train_step(method, Batch(make_images()), 0, make_autocast("cpu", "fp32"))
    for key in ("G", "D"):
        pairs = zip(plain.networks[key].parameters(), augmented.networks[key].parameters(), strict=True)
        assert any(not torch.equal(a, b) for a, b in pairs)


def test_the_store_chooses_the_policy(phantom_store):
    method, store = make_method(), Store.open(phantom_store)
    assert make_discriminator_augmentation(method, store, "none") is None
    fixed = make_discriminator_augmentation(method, store, "fixed")
    assert fixed.policy == MR
    assert float(fixed.probability) == FIXED_PROBABILITY
    fixed.remove()
    adaptive = make_discriminator_augmentation(method, replace(store, modality=""), "adaptive")
    assert adaptive.policy == UNKNOWN
    assert float(adaptive.probability) == 0.0
    hu = replace(store, intensity=replace(store.intensity, unit="HU"))
    assert make_discriminator_augmentation(method, hu, "fixed").policy == choose_policy("MR", "HU")


def test_adaptation_without_a_validation_part_is_refused(phantom_store, monkeypatch):
    monkeypatch.setattr(Store, "indices", lambda self, *splits: np.arange(0))
    with pytest.raises(UserError, match="--diff-augment fixed"):
        make_discriminator_augmentation(make_method(), Store.open(phantom_store), "adaptive")


class GreyGenerator(nn.Module):
    """A generator of dark grey images."""

    def forward(self, z):
        return torch.full((len(z), 1, SIZE, SIZE), -0.5) + 0 * z.sum()


class Judged:
    """A method with a generator at -0.5 and a discriminator that reads brightness."""

    def __init__(self):
        self.networks, self.latent_dim, self.classes = {"G": GreyGenerator(), "D": BrightnessJudge()}, 2, 0


def level(value):
    return torch.full((4, 1, SIZE, SIZE), value)


@pytest.mark.parametrize(("validation", "expected"), [(0.5, 0.0), (-0.5, 1.0), (0.25, 0.25)])
def test_the_measure_is_that_of_the_paper(validation, expected):
    method = Judged()
    found = measure_overfitting(method, nn.Identity(), level(0.5), level(validation))
    assert found == pytest.approx(expected, abs=1e-5)
    method.networks["D"].scale.data.fill_(-10.0)  # generated images are rated above real ones: nothing to overfit
    assert measure_overfitting(method, nn.Identity(), level(0.5), level(validation)) == 0.0


def test_measuring_leaves_weights_statistics_and_modes_alone():
    method = make_method()
    method.G.train()
    method.D.levels[1].eval()
    before = {key: snapshot(network) for key, network in method.networks.items()}
    modes = [module.training for network in method.networks.values() for module in network.modules()]
    measure_overfitting(method, attach(method.D, MR, 0.5), make_images(), make_images(seed=1))
    assert modes == [module.training for network in method.networks.values() for module in network.modules()]
    for key, network in method.networks.items():
        assert all(torch.equal(value, before[key][0][name]) for name, value in network.state_dict().items())


def run_adaptation(method, store, images, start=0, probability=0.0, disturb=False):
    augmentation = attach(method.networks["D"], MR, probability)
    adaptation = Adaptation(method, augmentation, store, seed=3)
    for seen in range(start + 128, images + 1, 128):
        if disturb:
            torch.rand(seen)
        adaptation.update(128, seen)
    augmentation.remove()
    return float(augmentation.probability)


@pytest.mark.parametrize(("measured", "expected"), [(0.9, 8 * EVERY_IMAGES / RAMP_IMAGES), (0.1, 0.0)])
def test_the_probability_rises_with_overfitting_and_falls_without(phantom_store, monkeypatch, measured, expected):
    monkeypatch.setattr(
        "ganoscope.training.discriminator_augmentation.measure_overfitting", lambda *arguments: measured
    )
    found = run_adaptation(make_method(), Store.open(phantom_store), 8 * EVERY_IMAGES)
    assert found == pytest.approx(expected, rel=1e-5)
    assert run_adaptation(make_method(), Store.open(phantom_store), 100 * EVERY_IMAGES) <= MAX_PROBABILITY + 1e-6


def test_a_resumed_adaptation_goes_on_as_if_never_stopped(phantom_store):
    method, store = make_method(), Store.open(phantom_store)
    whole = run_adaptation(method, store, 8 * EVERY_IMAGES)
    half = run_adaptation(method, store, 4 * EVERY_IMAGES, disturb=True)
    assert run_adaptation(method, store, 8 * EVERY_IMAGES, 4 * EVERY_IMAGES, half) == whole


def test_adaptation_draws_nothing_from_the_step_s_random_numbers(phantom_store):
    method, store = make_method(), Store.open(phantom_store)
    state = torch.get_rng_state()
    run_adaptation(method, store, EVERY_IMAGES)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.slow
def test_generated_images_are_neither_shifted_nor_cut():
    """A generator learns one fixed picture through shifts and hidden squares, and shows it in its place and whole."""
    torch.manual_seed(0)
    real = torch.full((32, 1, 16, 16), -0.8)
    real[..., 4:12, 4:12] = 0.8
    G = nn.Sequential(nn.Linear(4, 32), nn.LeakyReLU(0.2), nn.Linear(32, 256), nn.Tanh(), nn.Unflatten(1, (1, 16, 16)))
    D = nn.Sequential(
        nn.Conv2d(1, 16, 3, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(16, 32, 3, 2, 1), nn.LeakyReLU(0.2), nn.Flatten(),
        nn.Linear(512, 1), nn.Flatten(0),
    )  # fmt: skip
    attach(D, DiscriminatorPolicy(Policy(shift_share=0.125), square_share=0.4), FIXED_PROBABILITY)
    optimizers = [torch.optim.Adam(network.parameters(), 2e-3, (0.0, 0.99)) for network in (G, D)]
    average = copy.deepcopy(G)
    for _ in range(500):
        fake = G(torch.randn(32, 4))
        for optimizer, images, sign in ((optimizers[1], fake.detach(), 1), (optimizers[0], fake, -1)):
            optimizer.zero_grad()
            seen = real.clone().requires_grad_()
            logits = D(seen)
            (slope,) = torch.autograd.grad(logits.sum(), seen, create_graph=True)
            loss = nn.functional.softplus(sign * (D(images) - logits)).mean()
            (loss + (slope.square().sum((1, 2, 3)).mean() if sign == 1 else 0)).backward()
            optimizer.step()
        with torch.no_grad():
            for slow, fast in zip(average.parameters(), G.parameters(), strict=True):
                slow.lerp_(fast, 0.02)
    with torch.no_grad():
        shown = average(torch.randn(64, 4))
    assert float((shown - real[:1]).abs().mean()) < 0.15
    inside = shown[..., 5:11, 5:11]
    assert float((inside < 0.3).float().mean()) < 0.02
