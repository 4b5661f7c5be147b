"""Counterfactual loss: distance of a frozen classifier's probabilities for a translated image from the target class."""

import torch.nn.functional as F
from torch import Tensor

from ganoscope.objectives.reduction import full_precision


def counterfactual(probability: Tensor, target: Tensor) -> Tensor:
    r"""Returns the squared distance between a classifier's probabilities and certainty of the target class.

    .. math:: \|C(G(x)) - e_t\|_2^2

    Its gradient with respect to the classifier's logits vanishes with the target's probability: where the classifier is
    certain of another class, this loss changes an image only slowly. That is the price of a bounded loss, which can't
    outweigh the others.

    Args:
        probability: C's probabilities for translated images, each row summing to 1, shape (B, K). C is frozen;
            its gradient flows to the images.
        target: Codes of the target classes, shape (B,), int64; of two classes, the other one.

    Returns:
        Sum over the classes, shape (B,), in [0, 2], float32.

    Source: Mertes et al. 2022, GANterfactual, the counterfactual loss, https://arxiv.org/abs/2012.11905
    Differs: any number of classes; the paper has two, and the target is the other one.

    Example:
        >>> import torch
        >>> counterfactual(torch.tensor([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]), torch.tensor([0, 2])).tolist()
        [0.5, 0.0]
    """
    one_hot = F.one_hot(target, probability.shape[1])
    return (full_precision(probability) - one_hot).square().sum(dim=1)
