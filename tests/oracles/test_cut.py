"""The CUT step, written a second time in float64: encoder passes of their own for every term, place by place."""

import copy

import torch

from ganoscope.contracts import Domains, ImageSpec
from ganoscope.methods.cut import Config, build
from ganoscope.training.loop import train_step
from ganoscope.training.processes import make_autocast

SIZE, BATCH, PATCHES = 32, 2, 7
SPEC = ImageSpec(SIZE, domains=("a", "b"))


def make_double():
    torch.manual_seed(0)
    method = build(Config(generator_channels=4, discriminator_channels=4, patches=PATCHES), SPEC)
    for network in method.networks.values():
        network.double().train()
    return method


def embed(head, vector):
    projected = head(vector)
    return projected / projected.square().sum().sqrt()


def naive_nce(G, heads, source, image, places):
    """Mean over layers and places of -log softmax at the place itself: the query's similarity to all keys."""
    total = 0
    keys, queries = G.encode(source[None]), G.encode(image[None])
    for layer, head in enumerate(heads):
        losses = []
        for s in places[layer]:
            query = embed(head, queries[layer][0].flatten(1)[:, s])
            similar = [embed(head, keys[layer][0].flatten(1)[:, r]).detach() @ query for r in places[layer]]
            similar = torch.stack(similar) / 0.07
            losses.append(similar.exp().sum().log() - similar[list(places[layer]).index(s)])
        total += sum(losses) / len(losses)
    return total / len(heads)


def naive_step(networks, optimizers, a, b, places):
    (G, D, F), (optimizer_g, optimizer_d) = networks, optimizers
    fakes = [G(x[None])[0] for x in a]
    adversarial = sum(((D(fake[None]).patches - 1) ** 2).mean() for fake in fakes) / BATCH
    nce = sum(naive_nce(G, F.heads, x, G(x[None])[0], places) for x in a) / BATCH
    identity = sum(naive_nce(G, F.heads, y, G(y[None])[0], places) for y in b) / BATCH
    optimizer_g.zero_grad()
    (adversarial + nce + identity).backward()
    optimizer_g.step()
    real = sum(((D(y[None]).patches - 1) ** 2).mean() for y in b) / BATCH / 2
    generated = sum((D(fake.detach()[None]).patches ** 2).mean() for fake in fakes) / BATCH / 2
    optimizer_d.zero_grad()
    (real + generated).backward()
    optimizer_d.step()
    return torch.stack([adversarial, nce, identity, real, generated]).detach()


def test_three_steps_equal_the_plain_loop():
    method = make_double()
    G, D, F = (copy.deepcopy(method.networks[name]) for name in ("G_ab", "D_b", "F_a"))
    adam = {"lr": 2e-4, "betas": (0.5, 0.999), "foreach": False}
    optimizers = torch.optim.Adam([*G.parameters(), *F.parameters()], **adam), torch.optim.Adam(D.parameters(), **adam)
    sides = (SIZE, SIZE // 2, SIZE // 4, SIZE // 4, SIZE // 4)
    generator = torch.Generator().manual_seed(3)
    for step in range(3):
        a, b = torch.rand(2, BATCH, 1, SIZE, SIZE, generator=generator, dtype=torch.float64) * 2 - 1
        torch.manual_seed(step)
        terms = train_step(method, Domains(a, b), step, make_autocast("cpu", "fp32"))
        torch.manual_seed(step)
        places = [torch.randperm(side**2)[:PATCHES].tolist() for side in sides]
        expected = naive_step((G, D, F), optimizers, a, b, places)
        found = [*terms["generator"].scalars().values(), terms["discriminator"].real, terms["discriminator"].fake]
        assert torch.allclose(torch.stack(found).detach(), expected, rtol=1e-6)
    for ours, theirs in ((method.G_ab, G), (method.D_b, D), (method.F_a, F)):
        for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            assert torch.allclose(one, other, rtol=1e-4, atol=1e-7)
