"""R1 and R2: the gradient penalties centred at zero, on real and on generated images."""

import torch
from torch import Tensor


def zero_centred_penalty(logits: Tensor, image: Tensor) -> Tensor:
    r"""Returns how steep a discriminator is at each image: R1 at real images, R2 at generated ones.

    .. math:: \tfrac{1}{2} \|\nabla_x D(x)\|_2^2

    Its own gradient reaches the discriminator's parameters (a double backward pass).

    Args:
        logits: D's scores of `image`, shape (B,), with their graph. No score may depend on another image, as batch norm
            would make it: then real and generated images can share one pass.
        image: What D was called with, (B, C, H, W), in [-1, 1]; needs a gradient. Where an augmentation stands before
            D, this is the image before it.

    Returns:
        One value per image, shape (B,), float32; to be weighted by the penalty's gamma.

    Source: Mescheder, Geiger, Nowozin 2018, eq. 9 and 10, https://arxiv.org/abs/1801.04406

    Example:
        >>> image = torch.zeros(3, 1, 4, 4, requires_grad=True)
        >>> zero_centred_penalty(2 * image.sum((1, 2, 3)), image).tolist()
        [32.0, 32.0, 32.0]
    """
    (gradient,) = torch.autograd.grad(logits.sum(), image, create_graph=True)
    return gradient.float().flatten(1).square().sum(dim=1) / 2
