"""Instance noise: Gaussian noise on what the discriminator sees."""

import torch
from torch import Tensor


def add_instance_noise(image: Tensor, deviation: float) -> Tensor:
    """Returns images with Gaussian noise, same shape, float32; the images themselves without noise.

    The noise is drawn in float32 whatever the images' type: the same seed then gives the same noise at every precision
    and in every version of PyTorch.

    Args:
        image: Network range, any shape.
        deviation: Standard deviation of the noise in network range, 0 or more.

    Source: Sonderby et al. 2017, sect. 3.3, https://arxiv.org/abs/1610.04490.
    """
    return image + deviation * torch.randn_like(image, dtype=torch.float32) if deviation else image
