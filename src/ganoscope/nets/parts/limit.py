"""Clip to [-1, 1] at the end of a generator, with gradients that lead back into the range."""

from typing import Any

import torch
from torch import Tensor


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
