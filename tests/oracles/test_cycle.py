"""Cycle and identity distances against plain loops and finite differences."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ganoscope.objectives.cycle import cycle_l1, identity_l1

pytestmark = pytest.mark.parametrize("loss", [cycle_l1, identity_l1])


def draw(seed, shape=(3, 1, 4, 5)):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2 - 1


def test_equals_the_naive_formula_one_value_per_sample(loss):
    ours, real = draw(0), draw(1)
    expected = []
    for one, other in zip(ours, real, strict=True):
        pairs = list(zip(one.flatten().tolist(), other.flatten().tolist(), strict=True))
        expected.append(sum(abs(a - b) for a, b in pairs) / len(pairs))
    torch.testing.assert_close(loss(ours, real), torch.tensor(expected, dtype=torch.float64))


def test_gradients_equal_finite_differences(loss):
    assert torch.autograd.gradcheck(loss, (draw(0).requires_grad_(), draw(1).requires_grad_()))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_half_precision_images_are_summed_in_full_precision(loss, dtype):
    ours, real = draw(0, (2, 1, 64, 64)).to(dtype), draw(1, (2, 1, 64, 64)).to(dtype)
    found = loss(ours, real)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), loss(ours.double(), real.double()), rtol=1e-5, atol=0)


@given(shift=st.floats(-1, 1), seed=st.integers(0, 99))
def test_is_zero_for_equal_images_symmetric_and_proportional(loss, shift, seed):
    real = draw(seed)
    assert loss(real, real).tolist() == [0.0] * 3
    torch.testing.assert_close(loss(real + shift, real), torch.full((3,), abs(shift), dtype=torch.float64))
    torch.testing.assert_close(loss(real, draw(seed + 1)), loss(draw(seed + 1), real))
