"""Clips with a gradient: values, and gradients at and beyond the bounds, in any version of torch."""

import pytest
import torch

from ganoscope.clipping import clip, limit


def test_clip_is_clamp_in_values():
    values = torch.tensor([-3.0, -1.0, -0.2, 0.0, 1.0, 1.0001, float("inf"), float("-inf")])
    for low, high in ((-1.0, 1.0), (0.0, float("inf")), (-float("inf"), 0.5)):
        assert torch.equal(clip(values, low, high), values.clamp(low, high))


def test_clip_keeps_what_is_no_number_visible():
    assert bool(clip(torch.tensor([float("nan")]), -1.0, 1.0).isnan().all())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_clip_passes_the_gradient_in_the_range_and_at_its_bounds(dtype):
    values = torch.tensor([-1.5, -1.0, 0.3, 1.0, 1.5], dtype=dtype, requires_grad=True)
    clipped = clip(values, -1.0, 1.0)
    assert clipped.dtype == dtype
    clipped.backward(torch.full_like(clipped, 2.0))
    assert values.grad.tolist() == [0.0, 2.0, 2.0, 2.0, 0.0]


def test_clip_has_second_derivatives():
    x = torch.tensor([-1.0, 0.5, 3.0], dtype=torch.float64, requires_grad=True)
    (first,) = torch.autograd.grad((clip(x, -1.0, 1.0) ** 3).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    assert first.tolist() == [3.0, 0.75, 0.0]
    assert second.tolist() == [-6.0, 3.0, 0.0]


def test_limit_gives_exact_black_and_lets_gradients_lead_back():
    values = torch.tensor([-1.5, -1.5, 0.5, 1.5, 1.5], requires_grad=True)
    limited = limit(values)
    assert limited.tolist() == [-1.0, -1.0, 0.5, 1.0, 1.0]
    limited.backward(torch.tensor([1.0, -1.0, 1.0, 1.0, -1.0]))  # a step goes against the gradient
    assert values.grad.tolist() == [0.0, -1.0, 1.0, 1.0, 0.0]


def test_limit_passes_every_gradient_at_its_bounds():
    values = torch.tensor([-1.0, -1.0, 1.0, 1.0], requires_grad=True)
    limit(values).backward(torch.tensor([1.0, -1.0, 1.0, -1.0]))
    assert values.grad.tolist() == [1.0, -1.0, 1.0, -1.0]
