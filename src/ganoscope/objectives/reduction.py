"""Precision and means of every objective: at least float32, one value per sample, weighted means over a batch."""

import torch
from torch import Tensor


def full_precision(values: Tensor) -> Tensor:
    """Returns half-precision values as float32, others unchanged: float64 stays float64.

    Example:
        >>> full_precision(torch.zeros(1, dtype=torch.bfloat16)).dtype, full_precision(torch.zeros(1).double()).dtype
        (torch.float32, torch.float64)
    """
    return values.to(torch.promote_types(values.dtype, torch.float32))


def mean_per_sample(values: Tensor) -> Tensor:
    """Returns the mean of values (B, ...) over all dimensions but the first, shape (B,)."""
    return values.reshape(len(values), -1).mean(dim=1)


def weighted_mean(values: Tensor, weight: Tensor | None) -> Tensor:
    r"""Returns the mean over a batch in which every image has a weight.

    .. math:: \frac{1}{B} \sum_{i=1}^{B} w_i \ell_i

    The divisor is the size of the batch, not the sum of the weights: weight 0 removes an image's contribution and
    leaves all others as they are; the derivative with respect to a weight is the image's own :math:`\ell_i / B`.

    Args:
        values: Losses of the images, shape (B,).
        weight: Their weights, shape (B,), float32, see `contracts.Batch`; None for 1 each, the plain mean.

    Returns:
        A scalar.

    Example:
        >>> weighted_mean(torch.tensor([1.0, 3.0]), torch.tensor([0.0, 2.0])).item()
        3.0
    """
    return values.mean() if weight is None else (weight * values).sum() / len(values)
