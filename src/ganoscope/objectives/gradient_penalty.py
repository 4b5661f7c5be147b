"""Gradient penalty of WGAN-GP: keeps a critic's slope near 1 between real and generated images."""

from collections.abc import Callable

import torch
from torch import Tensor


def gradient_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor) -> Tensor:
    r"""Returns the squared deviation of the critic's gradient norm from 1, at a random point between each pair.

    .. math:: (\|\nabla_{\hat x} f(\hat x)\|_2 - 1)^2, \quad \hat x = \epsilon x + (1 - \epsilon) G(z), \quad
        \epsilon \sim U[0, 1]

    Its own gradient reaches the critic's parameters (a double backward pass), not the images.

    Args:
        critic: From images (B, C, H, W) to scores (B,); no score may depend on another image, as with batch norm.
        real: Real images, shape (B, C, H, W), in [-1, 1].
        fake: Generated images, same shape and range.

    Returns:
        One value per pair, shape (B,), float32 in every precision; to be multiplied by the penalty weight lambda.

    Source: Gulrajani et al. 2017, eq. 3 and algorithm 1, https://arxiv.org/abs/1704.00028

    Example:
        >>> images = torch.zeros(3, 1, 4, 4)
        >>> gradient_penalty(lambda image: 2 * image.sum((1, 2, 3)), images, images).tolist()
        [49.0, 49.0, 49.0]
    """
    share = torch.rand(len(real), 1, 1, 1, device=real.device, dtype=real.dtype)
    between = torch.lerp(fake.detach().to(real.dtype), real.detach(), share).requires_grad_()
    (gradient,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return (gradient.float().flatten(1).norm(dim=1) - 1.0).square()
