"""Hounsfield-unit loss: KL divergence between HU histograms that are differentiable with respect to pixels."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ganoscope.clipping import clip
from ganoscope.objectives.reduction import full_precision

EPSILON = 1e-6
"""Added to every bin of a normalised histogram, so that logarithms are finite; also the smallest divisor."""


@dataclass(frozen=True)
class HuBins:
    """Positions of a histogram's bins, and the blur over them.

    Attributes:
        lowest_hu: Centre of the first bin: lower end of the network range.
        highest_hu: Centre of the last bin: upper end of the network range.
        number: Number of bins, evenly spaced; at least 2.
        blur_hu: Scale of the blur, its half width at half maximum; 20 to 80 work equally well for the full CT range.
    """

    lowest_hu: float
    highest_hu: float
    number: int = 256
    blur_hu: float = 40.0


def hu_histogram(image_hu: Tensor, measured: Tensor | None, bins: HuBins) -> Tensor:
    r"""Returns soft histograms of images: differentiable with respect to every measured pixel, at O(pixels).

    .. math:: h_k = \frac{1}{HW} \sum_{p \,\text{measured}} \sum_j \Lambda\left(\frac{v_p - c_j}{\Delta}\right) B_{jk},
        \quad \Lambda(u) = \max(0, 1 - |u|)

    Each pixel is split between its two neighbouring bin centres c, which are Delta apart (triangular weights); B
    blurs the bins, see `blur_bins`. Triangular weights alone have only a local gradient: the difference between two
    bins, mostly noise, and none where the target has neither. The blur's heavy tails give a gradient towards the
    target at any distance. `torch.histc` has no gradient.

    Args:
        image_hu: Hounsfield units, shape (B, 1, H, W). Grey values of 8-bit pictures are not HU and must be refused
            before. Values beyond the bins count in the outermost one, without gradient.
        measured: Pixels that the scanner measured, bool, same shape; None for all. Other pixels are left out.
        bins: Positions of the bins.

    Returns:
        Shape (B, K), float32; each row sums to the measured share of its image, so that sums over images give every
        pixel the same weight.

    Source: this project's own kernel.

    Example:
        >>> bins = HuBins(-1000.0, 1000.0, number=3, blur_hu=1e-3)
        >>> [round(share, 3) for share in hu_histogram(torch.tensor([[[[-1000.0, 500.0]]]]), None, bins)[0].tolist()]
        [0.5, 0.25, 0.25]
    """
    values = full_precision(image_hu).flatten(1)
    place = (values - bins.lowest_hu) * ((bins.number - 1) / (bins.highest_hu - bins.lowest_hu))
    place = clip(place, 0.0, bins.number - 1.0)
    below = place.detach().floor().clamp(max=bins.number - 2)
    weight = torch.full_like(values, 1 / values.shape[1])
    if measured is not None:
        weight = weight * measured.flatten(1)
    upper = (place - below) * weight
    index = below.long()
    sharp = values.new_zeros(len(values), bins.number)
    sharp = sharp.scatter_add(1, index, weight - upper).scatter_add(1, index + 1, upper)
    with torch.autocast(values.device.type, enabled=False):
        return sharp @ blur_bins(bins, values)


def blur_bins(bins: HuBins, like: Tensor) -> Tensor:
    r"""Returns the matrix that blurs a histogram like noise of a Cauchy distribution.

    .. math:: B_{jk} = F(c_k + \Delta/2 - c_j) - F(c_k - \Delta/2 - c_j), \quad
        F(v) = \frac{1}{2} + \frac{1}{\pi} \arctan \frac{v}{s}

    The first and the last bin are open, so that rows sum to 1 and pixels near an end keep their weight. With the same
    blur on both histograms, equality remains the only optimum. Its tails fall with a power of the distance; those of a
    Gaussian would be lost in rounding.

    Args:
        bins: Positions of the bins; `blur_hu` is s.
        like: A tensor of the requested device and dtype.

    Returns:
        Shape (K, K): from bin j (row) to bin k (column).
    """
    spacing = (bins.highest_hu - bins.lowest_hu) / (bins.number - 1)
    steps = torch.arange(bins.number, device=like.device, dtype=torch.float64)  # the tails are small differences
    upper_edges = (steps[:-1] + 0.5 - steps[:, None]) * (spacing / bins.blur_hu)
    up_to = 0.5 + upper_edges.atan() / math.pi
    ends = torch.zeros_like(steps[:, None])
    return torch.cat([ends, up_to, ends + 1], dim=1).diff(dim=1).to(like.dtype)


def histogram_kl(real: Tensor, fake: Tensor) -> Tensor:
    r"""Returns the Kullback-Leibler divergence of the generated histogram from the real one.

    .. math:: \sum_k P_k \log \frac{P_k}{Q_k}, \quad P = \frac{p + \epsilon}{1 + K \epsilon}

    p is the real histogram, scaled to a sum of 1; Q is computed from the generated one in the same way.

    Args:
        real: Histogram of real images, shape (..., K), at least 0. It should be a data set's: between single unpaired
            images, the loss would equalise anatomy. See `nets.parts.running_histogram`.
        fake: Histogram of generated images, same shape.

    Returns:
        Shape (...), at least 0, in nats; 0 where both are equal.

    Source: Kullback and Leibler 1951, https://doi.org/10.1214/aoms/1177729694
    Differs: epsilon is added to both and the sum is 1 again, so that the value is a divergence and never negative.

    Example:
        >>> round(histogram_kl(torch.tensor([1.0, 0.0]), torch.tensor([2.0, 2.0])).item(), 4)
        0.6931
    """
    p, q = (normalise(full_precision(histogram)) for histogram in (real, fake))
    return (p * (p / q).log()).sum(dim=-1)


def normalise(histogram: Tensor) -> Tensor:
    """Returns a histogram, shape (..., K), as shares that sum to 1, none of them 0."""
    total = clip(histogram.sum(dim=-1, keepdim=True), low=EPSILON)
    return (histogram / total + EPSILON) / (1 + EPSILON * histogram.shape[-1])
