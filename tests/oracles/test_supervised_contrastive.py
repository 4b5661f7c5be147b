"""Supervised contrast against a loop over images, and what single images and equal embeddings give."""

import math

import pytest
import torch
import torch.nn.functional as F

from ganoscope.objectives.supervised_contrastive import supervised_contrastive


def draw(*shape, seed=0):
    values = torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return F.normalize(values, dim=-1)


def naive(embedding, group, temperature):
    values, names = embedding.tolist(), group.tolist()
    likeness = [[math.exp(sum(a * b for a, b in zip(x, y, strict=True)) / temperature) for y in values] for x in values]
    losses = []
    for i, name in enumerate(names):
        others = [j for j in range(len(names)) if j != i]
        partners = [j for j in others if names[j] == name]
        terms = [-math.log(likeness[i][p] / sum(likeness[i][a] for a in others)) for p in partners]
        losses.append(sum(terms) / len(terms) if terms else 0.0)
    return torch.tensor(losses, dtype=torch.float64)


@pytest.mark.parametrize("temperature", [0.05, 0.1, 1.0])
def test_equals_the_loop(temperature):
    embedding, group = draw(9, 5), torch.tensor([0, 0, 0, 1, 1, 2, 2, 2, 3])
    torch.testing.assert_close(
        supervised_contrastive(embedding, group, temperature), naive(embedding, group, temperature)
    )


def test_an_image_alone_in_its_group_costs_nothing_and_has_a_finite_gradient():
    embedding = draw(3, 4).requires_grad_()
    losses = supervised_contrastive(embedding, torch.tensor([0, 0, 1]))
    losses.sum().backward()
    assert losses[2] == 0 and (losses[:2] > 0).all()
    assert torch.isfinite(embedding.grad).all()


def test_equal_embeddings_cost_the_logarithm_of_the_others():
    embedding = torch.ones(6, 4) / 2
    losses = supervised_contrastive(embedding, torch.tensor([0, 0, 1, 1, 2, 2]))
    torch.testing.assert_close(losses, torch.full((6,), math.log(5)))


def test_half_precision_is_computed_in_single():
    losses = supervised_contrastive(draw(4, 8).to(torch.bfloat16), torch.tensor([0, 0, 1, 1]))
    assert losses.dtype == torch.float32


def test_gradients_equal_finite_differences():
    embedding, group = draw(5, 3).requires_grad_(), torch.tensor([0, 0, 1, 1, 1])
    assert torch.autograd.gradcheck(lambda values: supervised_contrastive(values, group), (embedding,))
