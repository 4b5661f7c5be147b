"""L1 distances of CycleGAN: cycle consistency and identity."""

from torch import Tensor

from ganoscope.objectives.reduction import full_precision, mean_per_sample


def cycle_l1(cycle: Tensor, real: Tensor) -> Tensor:
    r"""Returns the mean absolute difference between an image and its translation there and back.

    .. math:: \overline{|G_{ba}(G_{ab}(a)) - a|}

    Args:
        cycle: Images translated to the other domain and back, shape (B, C, H, W), in [-1, 1].
        real: The original images, same shape and range.

    Returns:
        Mean over the pixels, shape (B,), in [0, 2], float32.

    Source: Zhu et al. 2017, eq. 2, https://arxiv.org/abs/1703.10593

    Example:
        >>> import torch
        >>> cycle_l1(torch.ones(2, 1, 4, 4), torch.full((2, 1, 4, 4), 0.5)).tolist()
        [0.5, 0.5]
    """
    return mean_per_sample((full_precision(cycle) - full_precision(real)).abs())


def identity_l1(identity: Tensor, real: Tensor) -> Tensor:
    r"""Returns the mean absolute change by a translation of an image that is in the target domain already.

    .. math:: \overline{|G_{ab}(b) - b|}

    Args:
        identity: Images of domain B, translated to domain B, shape (B, C, H, W), in [-1, 1].
        real: The original images, same shape and range.

    Returns:
        Mean over the pixels, shape (B,), in [0, 2], float32.

    Source: Zhu et al. 2017, sect. 5.2, https://arxiv.org/abs/1703.10593
    """
    return cycle_l1(identity, real)
