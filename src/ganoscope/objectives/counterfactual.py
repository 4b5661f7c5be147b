"""The counterfactual loss: what a frozen classifier says of a translated image against what it should say."""

import torch.nn.functional as F
from torch import Tensor

from ganoscope.objectives.reduction import full_precision


def counterfactual(probability: Tensor, target: Tensor) -> Tensor:
    r"""Returns the squared distance between a classifier's probabilities and certainty of the target class.

    .. math:: \|C(G(x)) - e_t\|_2^2

    Its slope with respect to the classifier's logits fades with the target's probability: where the classifier is
    certain of another class, this loss moves an image only slowly. That is the price of a bounded loss, which can't
    outweigh the others.

    Args:
        probability: C's probabilities for translated images, each row summing to 1, shape (B, K); no logits. C is
            frozen, and its gradient flows to the images.
        target: Codes of the classes that the images should become, shape (B,), int64. Of two classes, the other one.

    Returns:
        Sum over the classes, shape (B,), in [0, 2], float32.

    Source: Mertes et al. 2022, GANterfactual, the counterfactual loss, https://arxiv.org/abs/2012.11905
    Differs: any number of classes; there are two, and the target is the other one.

    Example:
        >>> import torch
        >>> counterfactual(torch.tensor([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]), torch.tensor([0, 2])).tolist()
        [0.5, 0.0]
    """
    one_hot = F.one_hot(target, probability.shape[1])
    return (full_precision(probability) - one_hot).square().sum(dim=1)
