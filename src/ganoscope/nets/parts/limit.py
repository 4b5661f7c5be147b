"""The end of a generator that adds to something: a clip to [-1, 1] which generators can come back from."""

from typing import Any

import torch
from torch import Tensor


def limit(image: Tensor) -> Tensor:
    """Returns images clipped to [-1, 1], but lets gradients through that lead back into the range.

    Scans have exact black around them. With tanh it can only be approached, and a generator whose first images are all
    black never comes back: its gradient is gone. A plain clip loses the gradient of every pixel beyond the range.
    """
    limited: Tensor = Limit.apply(image)  # type: ignore[no-untyped-call]
    return limited


class Limit(torch.autograd.Function):
    """What `limit` computes."""

    @staticmethod
    def forward(ctx: Any, image: Tensor) -> Tensor:
        """Returns images in [-1, 1]."""
        ctx.save_for_backward(image)
        return image.clamp(-1.0, 1.0)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        """Returns the gradient; 0 where a step against it would lead further out of the range."""
        (image,) = ctx.saved_tensors
        return gradient * ~(((image > 1.0) & (gradient < 0.0)) | ((image < -1.0) & (gradient > 0.0)))
