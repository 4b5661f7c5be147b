"""Adversarial losses on raw logits."""

import torch.nn.functional as F
from torch import Tensor

from ganoscope.objectives.reduction import full_precision, mean_per_sample


def bce_real(logits: Tensor, smoothing: float = 1.0) -> Tensor:
    r"""Returns the binary cross-entropy of logits with the target "real".

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
    logits = full_precision(logits)
    return mean_per_sample(smoothing * F.softplus(-logits) + (1.0 - smoothing) * F.softplus(logits))


def bce_fake(logits: Tensor) -> Tensor:
    r"""Returns the binary cross-entropy of logits with the target "generated".

    .. math:: -\log(1 - \sigma(l))

    Args:
        logits: Raw scores, any shape with the batch first, (B, ...).

    Returns:
        One value per sample, mean over the rest, shape (B,), float32.

    Source: Goodfellow et al. 2014, eq. 1, https://arxiv.org/abs/1406.2661
    """
    return bce_real(-logits)


def wasserstein_real(score: Tensor) -> Tensor:
    r"""Returns the negative score of images that should score high: real ones for a critic, its own for a generator.

    .. math:: -f(x)

    Args:
        score: A critic's output, any shape with the batch first, (B, ...); neither a probability nor a logit.

    Returns:
        One value per sample, mean over the rest, shape (B,), float32.

    Source: Arjovsky, Chintala, Bottou 2017, eq. 2 and algorithm 1, https://arxiv.org/abs/1701.07875

    Example:
        >>> import torch
        >>> wasserstein_real(torch.tensor([2.0])).item()
        -2.0
    """
    return mean_per_sample(-full_precision(score))


def wasserstein_fake(score: Tensor) -> Tensor:
    r"""Returns the score of images that should score low: generated ones, for a critic.

    .. math:: f(G(z))

    Args:
        score: A critic's output, any shape with the batch first, (B, ...).

    Returns:
        One value per sample, mean over the rest, shape (B,), float32.

    Source: as `wasserstein_real`
    """
    return wasserstein_real(-score)


def least_squares_real(logits: Tensor) -> Tensor:
    r"""Returns the squared distance from 1 of logits with the target "real".

    .. math:: (l - 1)^2

    Args:
        logits: Raw scores, any shape with the batch first, (B, ...), such as those of patches; no sigmoid.

    Returns:
        One value per sample, mean over the rest, shape (B,), float32.

    Source: Mao et al. 2017, eq. 2 in the 0-1 coding (a = 0, b = c = 1), https://arxiv.org/abs/1611.04076
    Differs: without its factor 1/2, as in Zhu et al. 2017, sect. 4, https://arxiv.org/abs/1703.10593; there, a
        discriminator's loss is halved as a whole.

    Example:
        >>> import torch
        >>> least_squares_real(torch.tensor([1.0, 0.0, 3.0])).tolist()
        [0.0, 1.0, 4.0]
    """
    return mean_per_sample((full_precision(logits) - 1.0).square())


def least_squares_fake(logits: Tensor) -> Tensor:
    r"""Returns the squared distance from 0 of a discriminator's logits with the target "generated".

    .. math:: l^2

    Args:
        logits: Raw scores, any shape with the batch first, (B, ...).

    Returns:
        One value per sample, mean over the rest, shape (B,), float32.

    Source: as `least_squares_real`
    """
    return mean_per_sample(full_precision(logits).square())
