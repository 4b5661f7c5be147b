"""The DCLGAN step with all terms, written a second time in float64: each term computes all that it needs by itself."""

import copy
import math
from itertools import pairwise

import pytest
import torch

from ganoscope.contracts import Domains, ImageSpec
from ganoscope.methods.dclgan import HU_BINS, Config, build
from ganoscope.nets.parts.running_histogram import FAKE_HALF_LIFE_IMAGES, REAL_HALF_LIFE_IMAGES
from ganoscope.training.loop import train_step
from ganoscope.training.processes import make_autocast

SIZE, BATCH, PATCHES = 32, 2, 6
LOW, HIGH = -1000.0, 1000.0
SPEC = ImageSpec(SIZE, domains=("a", "b"), hu_range=(LOW, HIGH))
LAYERS = {1: SIZE // 2, 2: SIZE // 4, 3: SIZE // 4, 4: SIZE // 4}
WEIGHTS = {"nce_weight": 2.0, "identity_weight": 1.0, "feature_weight": 3.0, "hu_weight": 0.5, "penalty_weight": 0.7}
NAMES = ("G_ab", "G_ba", "F_a", "F_b", "D_a", "D_b")


def make_double(**norms):
    torch.manual_seed(0)
    method = build(Config(generator_channels=4, discriminator_channels=4, patches=PATCHES, **WEIGHTS, **norms), SPEC)
    for network in method.networks.values():
        network.double().train()
        for module in network.modules():
            if hasattr(module, "n_power_iterations"):
                module.n_power_iterations = 0  # the plain loop passes every image alone
    return method


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def naive_nce(embedding_of_source, embedding_of_target, x, fake, places):
    r"""Mean over layers and places of \ell(\hat z_l^s, z_l^s, z_l^{S \ s}); an embedding is (encoder, head)."""
    (encoder, head), (other_encoder, other_head) = embedding_of_source, embedding_of_target
    keys, queries = encoder.encode(x[None]), other_encoder.encode(fake[None])
    losses = []
    for number, layer in enumerate(LAYERS):
        key_at = [keys[layer][0].flatten(1)[:, r].detach() for r in places[number]]
        z = [head.heads[number](vector) for vector in key_at]
        z = [vector / vector.norm() for vector in z]
        for s, place in enumerate(places[number]):
            query = other_head.heads[number](queries[layer][0].flatten(1)[:, place])
            similar = torch.stack([query @ vector / query.norm() / 0.07 for vector in z])
            losses.append(similar.exp().sum().log() - similar[s])
    return mean(losses)


def naive_features(D, real, fake):
    expected, found = D(real[None]).features, D(fake[None]).features
    pairs = zip(expected, found, strict=True)
    return mean((e.mean((2, 3)).detach() - f.mean((2, 3))).abs().mean() for e, f in pairs)


def naive_histogram(image, measured):
    """Triangular weights, then each bin spread by the difference of two arc tangents; dense, in HU."""
    spacing = (HIGH - LOW) / (HU_BINS - 1)
    centres = LOW + spacing * torch.arange(HU_BINS, dtype=torch.float64)
    hu = LOW + (image[measured] + 1) / 2 * (HIGH - LOW)
    weights = (1 - (hu[:, None] - centres).abs() / spacing).clamp(min=0)
    blur = (HIGH - LOW) / 100

    def cumulative(edge):
        return 0.5 + ((edge - centres) / blur).atan() / math.pi

    edges = [cumulative(centre + spacing / 2) for centre in centres[:-1]]
    upto = [torch.zeros(HU_BINS, dtype=torch.float64), *edges, torch.ones(HU_BINS, dtype=torch.float64)]
    spread = torch.stack([upper - lower for lower, upper in pairwise(upto)], dim=1)
    return weights.sum(0) @ spread / image.numel()


class NaiveDataSet:
    """A fading sum of histograms; the gradient is that of the newest as if they were all."""

    def __init__(self, half_life):
        self.half_life, self.counts = half_life, 0

    def add(self, histograms):
        newest = sum(histograms)
        self.counts = 0.5 ** (len(histograms) / self.half_life) * self.counts + newest.detach()
        share = newest / newest.sum()
        return self.counts / self.counts.sum() + (share - share.detach())


def naive_hu(real, fake):
    p, q = ((histogram + 1e-6) / (1 + 1e-6 * HU_BINS) for histogram in (real, fake))
    return sum(p[k] * (p[k] / q[k]).log() for k in range(HU_BINS))


def naive_slope(D, image):
    image = image.clone().requires_grad_()
    patches = D(image[None]).patches
    (slope,) = torch.autograd.grad(patches.sum(), image, create_graph=True)
    return slope.square().sum() / patches.numel() / 2


def direction(networks, x, y, places, measured, sets):
    """The terms of one direction in the paper's letters: G from X to Y, F back; adversarial, NCE, features, HU."""
    G, F, H_x, H_y, D_y = networks
    measured_x, measured_y = measured
    real_set, fake_set = sets
    hu_real = real_set.add([naive_histogram(image, mask) for image, mask in zip(y, measured_y, strict=True)])
    hu_fake = fake_set.add([naive_histogram(G(i[None])[0], mask) for i, mask in zip(x, measured_x, strict=True)])
    return {
        "adversarial": mean((D_y(G(image[None])).patches - 1).square().mean() for image in x),
        "nce": 2 * mean(naive_nce((G, H_x), (F, H_y), image, G(image[None])[0], places) for image in x),
        "features": 3 * mean(naive_features(D_y, other, G(image[None])[0]) for image, other in zip(x, y, strict=True)),
        "hu": 0.5 * naive_hu(hu_real, hu_fake),
    }


def draw_places():
    return [torch.randperm(side**2)[:PATCHES].tolist() for side in LAYERS.values()]


def minimise(terms, optimizer):
    optimizer.zero_grad()
    sum(terms).backward()
    optimizer.step()


def assert_equal(terms, expected):
    for name, value in expected.items():
        assert torch.isclose(getattr(terms, name).double(), value, rtol=1e-6), name


@pytest.mark.parametrize("norms", [{}, {"spectral_norm": False, "instance_norm": False}])
def test_three_steps_equal_the_plain_loop(norms):
    method = make_double(**norms)
    copies = {name: copy.deepcopy(method.networks[name]) for name in NAMES}
    G, F, H_x, H_y, D_x, D_y = copies.values()
    makers, judges = (
        [p for network in group for p in network.parameters()] for group in ((G, F, H_x, H_y), (D_x, D_y))
    )
    optimizer_g = torch.optim.Adam(makers, 1e-4, (0.5, 0.9), foreach=False)
    optimizer_d = torch.optim.Adam(judges, 4e-4, (0.5, 0.999), foreach=False)
    sets = {key: NaiveDataSet(REAL_HALF_LIFE_IMAGES if key < "c" else FAKE_HALF_LIFE_IMAGES) for key in "abyz"}
    generator = torch.Generator().manual_seed(3)
    for step in range(3):
        x, y = torch.rand(2, BATCH, 1, SIZE, SIZE, generator=generator, dtype=torch.float64) * 2 - 1
        measured_x, measured_y = torch.rand(2, BATCH, 1, SIZE, SIZE, generator=generator) > 0.2
        torch.manual_seed(step)
        terms = train_step(method, Domains(x, y, measured_x, measured_y), step, make_autocast("cpu", "fp32"))

        torch.manual_seed(step)
        places = draw_places(), draw_places()
        there = direction((G, F, H_x, H_y, D_y), x, y, places[0], (measured_x, measured_y), (sets["b"], sets["z"]))
        back = direction((F, G, H_y, H_x, D_x), y, x, places[1], (measured_y, measured_x), (sets["a"], sets["y"]))
        expected = {
            **{f"{name}_ab": value for name, value in there.items()},
            **{f"{name}_ba": value for name, value in back.items()},
            "identity_a": mean((F(image[None]) - image).abs().mean() for image in x),
            "identity_b": mean((G(image[None]) - image).abs().mean() for image in y),
        }
        fake_x, fake_y = F(y).detach(), G(x).detach()
        minimise(expected.values(), optimizer_g)
        assert_equal(terms["generator"], expected)

        expected = {
            "real_a": mean((D_x(image[None]).patches - 1).square().mean() for image in x) / 2,
            "fake_a": mean(D_x(image[None]).patches.square().mean() for image in fake_x) / 2,
            "penalty_a": 0.7 * mean(naive_slope(D_x, image) for image in x),
            "real_b": mean((D_y(image[None]).patches - 1).square().mean() for image in y) / 2,
            "fake_b": mean(D_y(image[None]).patches.square().mean() for image in fake_y) / 2,
            "penalty_b": 0.7 * mean(naive_slope(D_y, image) for image in y),
        }
        minimise(expected.values(), optimizer_d)
        assert_equal(terms["discriminator"], expected)
    for name, theirs in copies.items():
        for one, other in zip(method.networks[name].parameters(), theirs.parameters(), strict=True):
            assert torch.allclose(one, other, rtol=1e-4, atol=1e-6), name
