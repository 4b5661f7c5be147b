"""Class activation maps (CAM) of a classifier, four ways to merge them, and losses on the merged map."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from ganoscope.clipping import clip

TOP_CLASSES = 3
EPSILON = 1e-6
"""Lower limit of probabilities: keeps the logarithms of saturated attention finite."""


def compute_cams(features: Tensor, weight: Tensor) -> Tensor:
    r"""Returns the class activation maps: the contribution of each place of the last feature map to each class's logit.

    .. math:: M_k(x, y) = \sum_c w_{kc} f_c(x, y)

    Args:
        features: The last feature map f, shape (B, C, h, w); the logits are linear in its mean.
        weight: Weight w of the linear layer, shape (K, C).

    Returns:
        Raw values in the unit of the logits, shape (B, K, h, w), float32; their mean over the map, plus the bias, is
        the logit.

    Source: Zhou et al. 2016, "Learning Deep Features for Discriminative Localization", eq. 2,
        https://arxiv.org/abs/1512.04150

    Example:
        >>> compute_cams(torch.ones(1, 2, 4, 4), torch.tensor([[1.0, 2.0]]))[0, 0, 0, 0].item()
        3.0
    """
    return torch.einsum("bchw,kc->bkhw", features, weight).float()


def scale_cams(cams: Tensor, scale: float, size: int) -> Tensor:
    """Returns maps in [0, 1] of the image's size: negative values become 0, those of `scale` or more become 1.

    The scale is the same for every image, so that an empty map stays empty and a weak one weak. Stretching each map to
    its own range would turn noise into evidence.

    Args:
        cams: Raw values, shape (B, K, h, w).
        scale: Raw value that becomes 1; above 0.
        size: Side of the image in pixels.

    Returns:
        Shape (B, K, size, size).

    Example:
        >>> scale_cams(torch.tensor([-1.0, 1.0, 9.0]).reshape(1, 3, 1, 1), 4.0, 1).flatten().tolist()
        [0.0, 0.25, 1.0]
    """
    return F.interpolate(clip(cams / scale, 0.0, 1.0), (size, size), mode="bilinear", align_corners=False)


def merge_max(cams: Tensor, probability: Tensor) -> Tensor:
    """Returns the largest value of any class at each place, (B, 1, H, W), of maps (B, K, H, W)."""
    return cams.amax(dim=1, keepdim=True)


def merge_mean(cams: Tensor, probability: Tensor) -> Tensor:
    """Returns the mean over the classes at each place, (B, 1, H, W), of maps (B, K, H, W)."""
    return cams.mean(dim=1, keepdim=True)


def merge_weighted(cams: Tensor, probability: Tensor) -> Tensor:
    """Returns the mean of maps (B, K, H, W) over the classes, weighted by their probabilities (B, K), (B, 1, H, W)."""
    return (cams * probability[:, :, None, None]).sum(dim=1, keepdim=True)


def merge_topk(cams: Tensor, probability: Tensor) -> Tensor:
    """Returns the mean of maps (B, K, H, W) over the three most probable classes, or all of fewer, (B, 1, H, W)."""
    strongest = probability.topk(min(TOP_CLASSES, cams.shape[1]), dim=1).indices
    chosen = torch.take_along_dim(cams, strongest[:, :, None, None], dim=1)
    return chosen.mean(dim=1, keepdim=True)


Merge = Literal["max", "mean", "weighted", "topk"]
MERGES: Mapping[Merge, Callable[[Tensor, Tensor], Tensor]] = {
    "max": merge_max,
    "mean": merge_mean,
    "weighted": merge_weighted,
    "topk": merge_topk,
}
"""From maps of all classes (B, K, H, W) in [0, 1], and their probabilities (B, K), to one map (B, 1, H, W)."""


def cam_l1(cam: Tensor, teacher_cam: Tensor) -> Tensor:
    """Returns the mean absolute difference between two maps of the same images, shape (B,), float32.

    Args:
        cam: Heat map of a network, shape (B, 1, H, W), in [0, 1].
        teacher_cam: The teacher's merged map, same shape and range.
    """
    return (cam.float() - teacher_cam.float()).abs().mean(dim=(1, 2, 3))


def attention_bce(attention: Sequence[Tensor], teacher_cam: Tensor) -> Tensor:
    r"""Returns the binary cross-entropy between a generator's attention and the teacher's map, mean over the levels.

    .. math:: \frac{1}{L} \sum_l \overline{-m_l \log a_l - (1 - m_l) \log(1 - a_l)}

    m_l is the teacher's map, averaged over each cell of level l. The optimum of a cross-entropy is the expected map;
    that of an L1 distance would be the median, which is 0 wherever fewer than half of the images have evidence.

    Args:
        attention: Maps of the levels in [0, 1], shapes (B, 1, h, w).
        teacher_cam: The target, shape (B, 1, H, W), in [0, 1].

    Returns:
        One value per sample, shape (B,), float32.

    Source: this project's own term.
    """
    levels = []
    for level in attention:
        target = F.adaptive_avg_pool2d(teacher_cam.float(), (level.shape[-2], level.shape[-1]))
        a = clip(level.float(), EPSILON, 1 - EPSILON)
        levels.append(-(target * a.log() + (1 - target) * (1 - a).log()).mean(dim=(1, 2, 3)))
    return torch.stack(levels).mean(dim=0)
