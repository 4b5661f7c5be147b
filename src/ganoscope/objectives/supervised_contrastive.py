"""Supervised contrast: images of one group should be more alike than those of different groups."""

import torch
from torch import Tensor

from ganoscope.objectives.reduction import full_precision


def supervised_contrastive(embedding: Tensor, group: Tensor, temperature: float = 0.1) -> Tensor:
    r"""Returns the cross-entropy of finding, for each image, the others of its group among all others of the batch.

    .. math:: -\frac{1}{|P(i)|} \sum_{p \in P(i)} \log
        \frac{\exp(z_i \cdot z_p / \tau)}{\sum_{a \ne i} \exp(z_i \cdot z_a / \tau)}

    where P(i) are the other images of the group of i.

    Args:
        embedding: Embeddings of unit length, shape (B, D), B of 2 or more.
        group: Group of each image, such as its patient, shape (B,), int64.
        temperature: Tau; a lower one puts more weight on the most similar images of other groups.

    Returns:
        Shape (B,), at least 0, float32 in every precision; 0 for an image that is alone in its group.

    Source: Khosla et al. 2020, "Supervised Contrastive Learning", eq. 2, https://arxiv.org/abs/2004.11362

    Example:
        >>> pairs, group = torch.eye(2).repeat_interleave(2, 0), torch.tensor([0, 0, 1, 1])
        >>> bool((supervised_contrastive(pairs, group) < 1e-4).all())
        True
    """
    values = full_precision(embedding)
    itself = torch.eye(len(values), dtype=torch.bool, device=values.device)
    likeness = (values @ values.T / temperature).masked_fill(itself, -torch.inf)
    partners = (group[:, None] == group[None]) & ~itself
    surprise = likeness.logsumexp(dim=1, keepdim=True) - likeness
    count = partners.sum(dim=1)
    return surprise.masked_fill(~partners, 0.0).sum(dim=1) / torch.where(count > 0, count, 1)
