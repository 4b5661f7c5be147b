"""The histogram of a data set, gathered batch by batch."""

import torch
from torch import Tensor, nn

LEAST = 1e-6
"""Sum of counts, in images, below which nothing was measured."""


class RunningHistogram(nn.Module):
    r"""Keeps the histogram of the latest images; it belongs among a method's networks, so that checkpoints keep it.

    .. math:: c \leftarrow 2^{-b/h} c + \sum_{i=1}^{b} h_i

    with b images per step and a half-life of h images: what was seen h images ago counts half. For real images, a long
    one, such as 10 000: they don't change. For generated images 10 to 100: with more, the histogram lags behind the
    generator, which then swings about its goal. Each process of several keeps its own.

    Attributes:
        counts: What was seen, in images, shape (K,). They begin at 0, so that the first images are not mixed with
            something made up.
    """

    counts: Tensor

    def __init__(self, bins: int, half_life_images: float) -> None:
        super().__init__()
        self.half_life_images = half_life_images
        self.register_buffer("counts", torch.zeros(bins))

    def update(self, batch: Tensor) -> Tensor:
        """Adds the histograms of a batch, and returns the data set's.

        The value is that of the latest images, the gradient that of the batch as if it were the whole data set: the
        images before it came from the same generator and would have moved with it. The half-life thus decides how much
        the histogram is averaged and how late it is, not how strong the gradient is.

        Call it once per step, for generated images in the generator's phase.

        Args:
            batch: Histograms of its images, shape (B, K), at least 0.

        Returns:
            Shape (K,), summing to 1; of zeros as long as nothing was measured.
        """
        added = batch.sum(dim=0)
        self.counts.mul_(0.5 ** (len(batch) / self.half_life_images)).add_(added.detach())
        share = scale_to_one(added)
        return scale_to_one(self.counts) + share - share.detach()


def scale_to_one(counts: Tensor) -> Tensor:
    """Returns counts (K,) divided by their sum, or zeros where that is 0."""
    return counts / counts.sum().clamp_min(LEAST)
