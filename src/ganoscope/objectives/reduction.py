"""How every objective counts: in float32 at least, one mean per sample."""

import torch
from torch import Tensor


def full_precision(values: Tensor) -> Tensor:
    """Returns half-precision values as float32, and others as they are, so that float64 stays float64.

    Example:
        >>> full_precision(torch.zeros(1, dtype=torch.bfloat16)).dtype, full_precision(torch.zeros(1).double()).dtype
        (torch.float32, torch.float64)
    """
    return values.to(torch.promote_types(values.dtype, torch.float32))


def mean_per_sample(values: Tensor) -> Tensor:
    """Returns the mean over everything but the batch, shape (B,), of values (B, ...)."""
    return values.reshape(len(values), -1).mean(dim=1)
