"""Projected gradient descent: the adversarial noise that counterfactuals are compared with."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ganoscope.classifiers.trained import TrainedClassifier

STEP = 2.5
"""Length of a step times the number of steps, over the norm: enough to reach any point of the ball from any other."""


def attack(classifier: TrainedClassifier, image: Tensor, target: Tensor, norm: Tensor, steps: int) -> Tensor:
    r"""Returns images with noise of a given L2 norm that raises a classifier's probability of a target class.

    .. math:: d_{k+1} = P\left(d_k - \frac{2.5 \epsilon}{K} \frac{g}{\|g\|_2}\right), \quad
        g = \nabla_d \,\mathrm{CE}(C(x + d), t)

    P projects d onto the ball of radius epsilon and x + d onto [-1, 1]. In the end d is scaled to the norm, so that
    noise and counterfactual are of equal size; where pixels are clipped, the noise stays smaller.

    Source: Madry et al. 2018, "Towards Deep Learning Models Resistant to Adversarial Attacks", eq. 2 and sect. 2.1,
        https://arxiv.org/abs/1706.06083, with the L2 norm.
    Differs: it starts at the image, not at a random point, so that the same image gives the same noise.

    Args:
        classifier: Classifier under attack.
        image: Network range [-1, 1], shape (B, 1, H, W).
        target: Codes t of the target classes, shape (B,), int64.
        norm: Norm epsilon of each image's noise, shape (B,), network units.
        steps: Number K of steps.

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
    """Returns a batch (B, C, H, W) scaled to norms (B,); images that are zero stay zero."""
    return change * (norm / find_norm(change).clamp_min(1e-12))[:, None, None, None]
