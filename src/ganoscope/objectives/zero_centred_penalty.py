"""R1 and R2: zero-centred gradient penalties on real and on generated images."""

import torch
from torch import Tensor


def zero_centred_penalty(logits: Tensor, image: Tensor) -> Tensor:
    r"""Returns half the squared gradient norm of a discriminator at each image: R1 at real, R2 at generated ones.

    .. math:: \tfrac{1}{2} \|\nabla_x D(x)\|_2^2

    Its own gradient reaches the discriminator's parameters (a double backward pass).

    Args:
        logits: D's scores of `image`, shape (B,), with their graph. No score may depend on another image, as with batch
            norm; real and generated images can then share one pass.
        image: D's input, shape (B, C, H, W), in [-1, 1]; requires a gradient. With an augmentation before D, the image
            before it.

    Returns:
        One value per image, shape (B,), float32; to be multiplied by the penalty weight gamma.

    Source: Mescheder, Geiger, Nowozin 2018, eq. 9 and 10, https://arxiv.org/abs/1801.04406

    Example:
        >>> image = torch.zeros(3, 1, 4, 4, requires_grad=True)
        >>> zero_centred_penalty(2 * image.sum((1, 2, 3)), image).tolist()
        [32.0, 32.0, 32.0]
    """
    (gradient,) = torch.autograd.grad(logits.sum(), image, create_graph=True)
    return gradient.float().flatten(1).square().sum(dim=1) / 2
