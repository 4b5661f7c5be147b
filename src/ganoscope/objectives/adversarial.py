"""Adversarial losses on raw logits."""

import torch.nn.functional as F
from torch import Tensor


def bce_real(logits: Tensor, smoothing: float = 1.0) -> Tensor:
    r"""Returns the binary cross-entropy of logits that should say "real".

    .. math:: -s \log \sigma(l) - (1 - s) \log(1 - \sigma(l))

    Args:
        logits: Raw scores, any shape with the batch first, (B, ...).
        smoothing: The target s in (0, 1]; below 1 is one-sided label smoothing.

    Returns:
        One value per sample, mean over the rest, shape (B,), float32.

    Source: Goodfellow et al. 2014, eq. 1, https://arxiv.org/abs/1406.2661; smoothing: Salimans et al. 2016, sect. 3.4,
        https://arxiv.org/abs/1606.03498

    Example:
        >>> import torch
        >>> bce_real(torch.tensor([0.0])).item() == torch.log(torch.tensor(2.0)).item()
        True
    """
    logits = logits.float().flatten(1) if logits.dim() > 1 else logits.float()[:, None]
    return (smoothing * F.softplus(-logits) + (1.0 - smoothing) * F.softplus(logits)).mean(dim=1)


def bce_fake(logits: Tensor) -> Tensor:
    r"""Returns the binary cross-entropy of logits that should say "generated".

    .. math:: -\log(1 - \sigma(l))

    Args:
        logits: Raw scores, any shape with the batch first, (B, ...).

    Returns:
        One value per sample, mean over the rest, shape (B,), float32.

    Source: Goodfellow et al. 2014, eq. 1, https://arxiv.org/abs/1406.2661
    """
    return bce_real(-logits)
