"""The CycleGAN step, written a second time in float64: one image, one pass and one term at a time, as in the paper."""

import copy

import pytest
import torch

from ganoscope.contracts import Domains, ImageSpec
from ganoscope.methods.cyclegan import Config, build
from ganoscope.training.loop import train_step
from ganoscope.training.processes import make_autocast

SIZE, BATCH, HISTORY = 32, 2, 4
SPEC = ImageSpec(SIZE, domains=("a", "b"))


def make_double(**settings):
    torch.manual_seed(0)
    small = {"generator_channels": 4, "discriminator_channels": 4, "history_images": HISTORY}
    method = build(Config(**small, **settings), SPEC)
    for network in method.networks.values():
        network.double().train()
    return method


class NaiveHistory:
    """A list of at most four images."""

    def __init__(self):
        self.images = []

    def query(self, batch):
        order, chance, full = torch.randperm(HISTORY), torch.rand(len(batch)), len(self.images) == HISTORY
        shown = []
        for number, image in enumerate(batch):
            if not full:
                self.images.append(image)
                shown.append(image)
            elif chance[number] < 0.5:
                shown.append(self.images[order[number]])
                self.images[order[number]] = image
            else:
                shown.append(image)
        return torch.stack(shown)


def mean_over(images, others, distance):
    """Mean over images, pixels or patches, of a distance, one image after the other."""
    return sum(distance(x, y).sum() / x.numel() for x, y in zip(images, others, strict=True)) / len(images)


def l1(images, others):
    return mean_over(images, others, lambda x, y: (x - y).abs())


def squares(D, images, target):
    scores = [D(image[None]).patches[0] for image in images]
    return mean_over(scores, scores, lambda x, _: (x - target) ** 2)


def naive_generator_terms(G, F, D_x, D_y, x, y, config):
    """Eq. 1 in its least-squares form, eq. 2, and the identity loss of section 5.2: X is A, Y is B, F is the way back.

    In the order of the method's terms.
    """
    return (
        squares(D_y, G(x), 1),
        squares(D_x, F(y), 1),
        config.cycle_weight * l1(F(G(x)), x),
        config.cycle_weight * l1(G(F(y)), y),
        config.identity_weight * l1(F(x), x),
        config.identity_weight * l1(G(y), y),
    )


def naive_discriminator_terms(D_x, D_y, x, y, past_x, past_y):
    return squares(D_x, x, 1) / 2, squares(D_x, past_x, 0) / 2, squares(D_y, y, 1) / 2, squares(D_y, past_y, 0) / 2


def minimise(terms, optimizer):
    optimizer.zero_grad()
    sum(terms).backward()
    optimizer.step()


def assert_equal(terms, expected):
    found = [value for name, value in terms.scalars().items() if not name.startswith("d_")]
    assert torch.allclose(torch.stack(found), torch.stack(expected).detach(), rtol=1e-6)


@pytest.mark.parametrize("settings", [{}, {"identity_weight": 0.0}, {"generator": "attention_resunet"}])
def test_five_steps_equal_the_plain_loop(settings):
    method = make_double(**settings)
    names = ("G_ab", "G_ba", "D_a", "D_b")
    G, F, D_x, D_y = (copy.deepcopy(method.networks[name]) for name in names)
    adam = {"lr": 2e-4, "betas": (0.5, 0.999), "foreach": False}
    optimizer_g = torch.optim.Adam([*G.parameters(), *F.parameters()], **adam)
    optimizer_d = torch.optim.Adam([*D_x.parameters(), *D_y.parameters()], **adam)
    history_x, history_y = NaiveHistory(), NaiveHistory()
    generator = torch.Generator().manual_seed(3)
    for step in range(5):
        x, y = torch.rand(2, BATCH, 1, SIZE, SIZE, generator=generator, dtype=torch.float64) * 2 - 1
        torch.manual_seed(step)
        terms = train_step(method, Domains(x, y), step, make_autocast("cpu", "fp32"))

        fake_x, fake_y = F(y).detach(), G(x).detach()
        expected = naive_generator_terms(G, F, D_x, D_y, x, y, method.config)
        minimise(expected, optimizer_g)
        assert_equal(terms["generator"], expected)

        torch.manual_seed(step)
        past_x, past_y = history_x.query(fake_x), history_y.query(fake_y)
        expected = naive_discriminator_terms(D_x, D_y, x, y, past_x, past_y)
        minimise(expected, optimizer_d)
        assert_equal(terms["discriminator"], expected)
    for name, theirs in zip(names, (G, F, D_x, D_y), strict=True):
        for a, b in zip(method.networks[name].parameters(), theirs.parameters(), strict=True):
            assert torch.allclose(a, b, rtol=1e-4, atol=1e-7)
    assert torch.allclose(method.past_a.images, torch.stack(history_x.images))
