"""Clips that carry a gradient, each with its own convention for values at and beyond the bounds.

PyTorch's own differs by version: the gradient of `clamp` at a bound is 1 up to version 2.13 and 0 from 2.14 on. Black
pixels lie at a bound: without a gradient there, nothing could move them away from black.

"""

import math
from typing import Any

import torch
from torch import Tensor


def clip(values: Tensor, low: float = -math.inf, high: float = math.inf) -> Tensor:
    """Returns values clipped to [low, high], same shape; the gradient is 1 in the range **and at its bounds**, else 0.

    Args:
        values: Any shape.
        low: Lower bound.
        high: Upper bound.

    Example:
        >>> x = torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0], requires_grad=True)
        >>> clip(x, -1.0, 1.0).sum().backward()
        >>> x.grad.tolist()
        [0.0, 1.0, 1.0, 1.0, 0.0]
    """
    clipped = torch.where(values < low, low, values)
    return torch.where(clipped > high, high, clipped)


def limit(image: Tensor) -> Tensor:
    """Returns images clipped to [-1, 1], same shape, and passes gradients that lead back into the range.

    Scans are exactly black outside the body. Tanh can only approach that, and a generator whose first images are all
    black never recovers: its gradient vanishes. A plain clip loses the gradient of every pixel beyond the range.
    """
    limited: Tensor = Limit.apply(image)  # type: ignore[no-untyped-call]
    return limited


class Limit(torch.autograd.Function):
    """Autograd function of `limit`."""

    @staticmethod
    def forward(ctx: Any, image: Tensor) -> Tensor:
        """Returns images in [-1, 1], same shape."""
        ctx.save_for_backward(image)
        return image.clamp(-1.0, 1.0)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        """Returns the gradient, same shape, with 0 where a descent step would lead further out of the range."""
        (image,) = ctx.saved_tensors
        return gradient * ~(((image > 1.0) & (gradient < 0.0)) | ((image < -1.0) & (gradient > 0.0)))
