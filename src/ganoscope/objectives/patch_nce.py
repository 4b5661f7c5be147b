"""PatchNCE: a patch of a translation should be most similar to the source patch at the same place."""

import torch
from torch import Tensor

from ganoscope.objectives.reduction import full_precision


def patch_nce(query: Tensor, key: Tensor, temperature: float = 0.07) -> Tensor:
    r"""Returns the cross-entropy of identifying, for each patch, the source patch at the same place among all places.

    .. math:: \frac{1}{S} \sum_{s=1}^{S} -\log
        \frac{\exp(\hat z_s \cdot z_s / \tau)}{\sum_{r=1}^{S} \exp(\hat z_s \cdot z_r / \tau)}

    Negatives are internal: other places of the same image, never other images.

    Args:
        query: Projected features of the translated image at S places of one layer, each of length 1, (B, S, D).
        key: The same of the source image at the same places; detached by the caller, so that only the translation
            has a gradient.
        temperature: Tau; a lower one puts more weight on the most similar negatives.

    Returns:
        Mean over the places, shape (B,), at least 0, float32 in every precision; log S where all keys are alike.

    Source: Park et al. 2020, sect. 3, the losses l and PatchNCE, https://arxiv.org/abs/2007.15651
    Differs: one layer, mean over the places; the paper sums over places and layers.

    Example:
        >>> patch = torch.eye(4)[None]
        >>> bool(patch_nce(patch, patch) < 1e-5), round(patch_nce(patch, torch.ones(1, 4, 4) / 2).item(), 4)
        (True, 1.3863)
    """
    with torch.autocast(query.device.type, enabled=False):
        similarity = torch.bmm(full_precision(query) / temperature, full_precision(key).mT)
    positive = similarity.diagonal(dim1=1, dim2=2)
    return (similarity.logsumexp(dim=2) - positive).mean(dim=1)
