"""Relativistic pairing loss: each real image is compared with one generated image."""

import torch.nn.functional as F
from torch import Tensor


def relativistic_discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    r"""Returns the loss of a discriminator that should score each real image above its paired generated image.

    .. math:: \log(1 + e^{D(G(z)) - D(x)})

    Only differences count: a constant added to all logits changes nothing. As every real image has its own generated
    one to beat, a generator can't succeed with a few good images and drop the other modes.

    Args:
        real_logits: Raw scores of real images, shape (B,).
        fake_logits: Raw scores of as many generated images, shape (B,); of the same classes where there are any.

    Returns:
        One value per pair, shape (B,), float32.

    Source: Huang, Gokaslan, Kuleshov, Tompkin 2024, eq. 2, https://arxiv.org/abs/2501.05441; Jolicoeur-Martineau 2018,
        https://arxiv.org/abs/1807.00734; pairing: Sun, Fang, Schwing 2020, https://arxiv.org/abs/2011.04926

    Example:
        >>> import torch
        >>> first, second = torch.tensor([3.0]), torch.tensor([1.0])
        >>> torch.equal(relativistic_discriminator(first, second), relativistic_discriminator(first + 7, second + 7))
        True
    """
    return F.softplus(fake_logits.float() - real_logits.float())


def relativistic_generator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    r"""Returns the loss of a generator whose images should score above their paired real images.

    .. math:: \log(1 + e^{D(x) - D(G(z))})

    Args:
        real_logits: Raw scores of real images, shape (B,).
        fake_logits: Raw scores of as many generated images, shape (B,).

    Returns:
        One value per pair, shape (B,), float32.

    Source: as `relativistic_discriminator`, in the non-saturating form: the roles are swapped, not the sign.
    """
    return relativistic_discriminator(fake_logits, real_logits)
