"""Feature matching: generated images should cause the same activations in D as real ones."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ganoscope.objectives.reduction import full_precision, mean_per_sample


def feature_matching(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    r"""Returns the L1 distance between D's activations on real and on generated images, with equal weights per layer.

    .. math:: \frac{1}{T} \sum_{i=1}^{T} \frac{1}{N_i} \|D^{(i)}(x) - D^{(i)}(G(z))\|_1

    N_i is the number of activations of layer i. The distance is taken place by place, which requires paired images:
    between unpaired ones it also pulls the generated anatomy towards another patient's. For unpaired images, pass the
    mean of each map over its places, (B, C, 1, 1).

    Args:
        real: D's activations of T layers on real images, each (B, ...); detached by the caller.
        fake: The same on generated images, same shapes.

    Returns:
        One value per pair, shape (B,), float32.

    Raises:
        ValueError: The numbers of layers differ.

    Source: Salimans et al. 2016, sect. 3.1, https://arxiv.org/abs/1606.03498 (one layer, squared L2 of the means over
        the batch); Wang et al. 2018, eq. 4, https://arxiv.org/abs/1711.11585 (L1, several layers, pairs)
    Differs: mean over the layers instead of their sum, so that the weight does not depend on their number.

    Example:
        >>> real, fake = torch.zeros(1, 2, 4, 4), torch.ones(1, 2, 4, 4)
        >>> feature_matching((real, real), (fake, 3 * fake)).tolist()
        [2.0]
    """
    pairs = zip(real, fake, strict=True)
    return torch.stack([mean_per_sample((full_precision(f) - full_precision(r)).abs()) for r, f in pairs]).mean(dim=0)
