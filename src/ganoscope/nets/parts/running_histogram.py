"""Histogram of a data set, accumulated batch by batch."""

import torch
from torch import Tensor, nn

REAL_HALF_LIFE_IMAGES, FAKE_HALF_LIFE_IMAGES = 10_000.0, 50.0
"""Half-lives of the running histograms: real images don't change; translated ones follow their generator."""
LEAST = 1e-6
"""Sum of counts, in images, below which a histogram counts as empty."""


class RunningHistogram(nn.Module):
    r"""Keeps the histogram of the latest images. A method lists it among its networks, so that checkpoints keep it.

    .. math:: c \leftarrow 2^{-b/h} c + \sum_{i=1}^{b} h_i

    with b images per step and a half-life of h images: an image seen h images ago counts half. Real images take a long
    half-life, such as 10 000, as they don't change; generated images 10 to 100: with more, the histogram lags behind
    the generator, which then oscillates about its optimum. Each process keeps its own.

    Attributes:
        counts: Decayed counts in images, shape (K,). They start at 0, so that no prior is mixed in.
    """

    counts: Tensor

    def __init__(self, bins: int, half_life_images: float) -> None:
        super().__init__()
        self.half_life_images = half_life_images
        self.register_buffer("counts", torch.zeros(bins))

    def update(self, batch: Tensor) -> Tensor:
        """Adds the histograms of a batch and returns the data set's.

        The value is that of the latest images, the gradient that of the batch as if it were the whole data set: earlier
        images came from the same generator and would have changed with it. The half-life thus determines the averaging
        and the lag of the histogram, not the strength of the gradient.

        Call it once per step, for generated images in the generator's phase.

        Args:
            batch: Histograms of its images, shape (B, K), at least 0.

        Returns:
            Shape (K,), summing to 1; zeros as long as it is empty.
        """
        added = batch.sum(dim=0)
        self.counts.mul_(0.5 ** (len(batch) / self.half_life_images)).add_(added.detach())
        share = scale_to_one(added)
        return scale_to_one(self.counts) + share - share.detach()


def scale_to_one(counts: Tensor) -> Tensor:
    """Returns counts (K,) divided by their sum, or zeros where that is 0."""
    return counts / counts.sum().clamp_min(LEAST)


def make_histograms(bins: int) -> dict[str, RunningHistogram]:
    """Returns the HU histograms of real and translated images of domains a and b, by their name in `networks`."""
    half_lives = {"real": REAL_HALF_LIFE_IMAGES, "fake": FAKE_HALF_LIFE_IMAGES}
    return {
        f"hu_{kind}_{domain}": RunningHistogram(bins, half_life)
        for kind, half_life in half_lives.items()
        for domain in "ab"
    }
