"""PatchNCE against a loop over patches, PyTorch's cross-entropy, and finite differences."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from ganoscope.objectives.patch_nce import patch_nce


def draw(*shape, seed=0):
    values = torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return F.normalize(values, dim=-1)


def naive(query, key, temperature):
    """-log of the positive's share, for each patch; mean over the patches."""
    losses = []
    for queries, keys in zip(query.tolist(), key.tolist(), strict=True):
        total = 0.0
        for s, patch in enumerate(queries):
            shares = [math.exp(sum(a * b for a, b in zip(patch, other, strict=True)) / temperature) for other in keys]
            total -= math.log(shares[s] / (shares[s] + sum(shares[:s] + shares[s + 1 :])))
        losses.append(total / len(queries))
    return torch.tensor(losses, dtype=torch.float64)


@pytest.mark.parametrize("temperature", [0.07, 0.5])
@pytest.mark.parametrize("shape", [(1, 6, 4), (3, 5, 8), (2, 2, 3)])
def test_equals_the_naive_formula_one_value_per_image(shape, temperature):
    query, key = draw(*shape), draw(*shape, seed=1)
    torch.testing.assert_close(patch_nce(query, key, temperature), naive(query, key, temperature))


def test_equals_the_cross_entropy_of_pytorch_at_the_default_temperature():
    query, key = draw(2, 32, 16), draw(2, 32, 16, seed=1)
    for index in range(2):
        expected = F.cross_entropy(query[index] @ key[index].T / 0.07, torch.arange(32))
        torch.testing.assert_close(patch_nce(query, key)[index], expected)


def test_gradients_equal_finite_differences():
    inputs = [draw(2, 4, 3, seed=seed).requires_grad_() for seed in (0, 1)]
    assert torch.autograd.gradcheck(lambda query, key: patch_nce(query, key, 0.3), inputs)


@pytest.mark.parametrize("patches", [2, 16, 256])
def test_known_values(patches):
    apart = torch.eye(patches, dtype=torch.float64)[None]
    alike = draw(1, 1, 8).expand(1, patches, 8)
    found = patch_nce(apart, apart).item()
    assert found == pytest.approx(math.log1p((patches - 1) * math.exp(-1 / 0.07)), rel=1e-9)
    assert patch_nce(draw(1, patches, 8, seed=1), alike).item() == pytest.approx(math.log(patches))


def test_one_patch_has_no_negatives_and_no_loss():
    assert patch_nce(draw(2, 1, 8), draw(2, 1, 8, seed=1)).tolist() == [0.0, 0.0]


@settings(deadline=None)
@given(st.integers(0, 999))
def test_order_of_the_patches_does_not_matter_and_the_loss_is_bounded(seed):
    query, key = draw(2, 12, 4, seed=seed), draw(2, 12, 4, seed=seed + 1)
    order = torch.randperm(12, generator=torch.Generator().manual_seed(seed))
    loss = patch_nce(query, key)
    torch.testing.assert_close(patch_nce(query[:, order], key[:, order]), loss)
    assert ((loss >= 0) & (loss <= math.log(12) + 2 / 0.07)).all()


def test_negatives_are_those_of_the_same_image():
    query, key = draw(2, 8, 4), draw(2, 8, 4, seed=1)
    other = torch.stack([key[0], draw(8, 4, seed=2)])
    assert patch_nce(query, key)[0] == patch_nce(query, other)[0]


def test_a_step_turns_each_patch_to_its_own_place():
    key = draw(1, 16, 8, seed=1)
    query = draw(1, 16, 8).requires_grad_()
    optimizer = torch.optim.Adam([query], lr=0.05)
    for _ in range(100):
        optimizer.zero_grad()
        patch_nce(F.normalize(query, dim=2), key).sum().backward()
        optimizer.step()
    assert torch.equal((query[0] @ key[0].T).argmax(1), torch.arange(16))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_autocast_leaves_it_in_full_precision(dtype):
    query, key = draw(2, 64, 32).to(dtype).requires_grad_(), draw(2, 64, 32, seed=1).to(dtype)
    with torch.autocast("cpu", torch.bfloat16):
        found = patch_nce(query, key)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), patch_nce(query.double(), key.double()), rtol=1e-5, atol=0)
