"""Projected gradient descent: the adversarial noise that counterfactuals are held against."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ganoscope.classifiers.trained import TrainedClassifier

STEP = 2.5
"""Length of a step, times the norm, over the number of steps: enough to go from any point of the ball to any other."""


def attack(classifier: TrainedClassifier, image: Tensor, target: Tensor, norm: Tensor, steps: int) -> Tensor:
    r"""Returns images with noise of a given L2 norm that raises a classifier's probability of a target class.

    .. math:: d_{k+1} = P\left(d_k - \frac{2.5 \epsilon}{K} \frac{g}{\|g\|_2}\right), \quad
        g = \nabla_d \,\mathrm{CE}(C(x + d), t)

    P brings d into the ball of radius epsilon and x + d into [-1, 1]. In the end d is stretched to the norm: noise and
    counterfactual are then of equal size. Where pixels are clipped, it stays below.

    Source: Madry et al. 2018, "Towards Deep Learning Models Resistant to Adversarial Attacks", eq. 2 and sect. 2.1,
        https://arxiv.org/abs/1706.06083, with the L2 norm.
    Differs: it begins at the image and not at a random point, so that the same image gives the same noise.

    Args:
        classifier: Whose gradient is followed.
        image: Network range, shape (B, 1, H, W).
        target: Class codes, shape (B,), int64.
        norm: Epsilon of each image, shape (B,); network units.
        steps: K.

    Returns:
        Images in [-1, 1], shape (B, 1, H, W).
    """
    noise = torch.zeros_like(image)
    for _ in range(steps):
        with torch.enable_grad():
            moved = noise.clone().requires_grad_()
            loss = F.cross_entropy(classifier(image + moved).logits.float(), target, reduction="sum")
            (gradient,) = torch.autograd.grad(loss, moved)
        noise = noise - STEP / steps * scale_to(gradient, norm)
        noise = noise * (norm / find_norm(noise).clamp_min(1e-12)).clamp(max=1)[:, None, None, None]
        noise = (image + noise).clamp(-1, 1) - image
    return (image + scale_to(noise, norm)).clamp(-1, 1)


def find_norm(change: Tensor) -> Tensor:
    """Returns the L2 norm of every image of a batch (B, C, H, W), shape (B,).

    Example:
        >>> find_norm(torch.tensor([[[[3.0, 4.0]]]])).tolist()
        [5.0]
    """
    return change.flatten(1).norm(dim=1)


def scale_to(change: Tensor, norm: Tensor) -> Tensor:
    """Returns every image of a batch (B, C, H, W) at a norm (B,); what is zero stays zero."""
    return change * (norm / find_norm(change).clamp_min(1e-12))[:, None, None, None]
