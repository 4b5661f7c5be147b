"""Structural similarity of pairs of images: of given pairs, and of all pairs of two sets at once.

Source: Wang et al. 2004, "Image Quality Assessment: From Error Visibility to Structural Similarity", eq. 13,
    https://doi.org/10.1109/TIP.2003.819861. The window is Gaussian, 11 x 11 with a standard deviation of 1.5 px, and
    only windows that lie wholly inside count: as scikit-image's `structural_similarity` with `gaussian_weights=True,
    sigma=1.5, use_sample_covariance=False, data_range=2`.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

KERNEL_PX, SIGMA_PX = 11, 1.5
"""Side and standard deviation of the Gaussian window."""
DATA_RANGE = 2.0
"""White minus black, of images shifted from [-1, 1] to [0, 2]: SSIM is defined for non-negative values."""
C1, C2 = (0.01 * DATA_RANGE) ** 2, (0.03 * DATA_RANGE) ** 2
"""What keeps the terms of luminance and contrast defined where an image is dark or flat."""
COLUMNS = 22
"""Columns of windows that are computed at once."""
PAIRS = 6400
"""Pairs that are computed at once: fewer cost more calls, more leave the cache."""


def compute_ssim(first: Tensor, second: Tensor) -> NDArray[np.float64]:
    """Returns the structural similarity of pairs of images in [-1, 1], (B, 1, H, W): the mean over the windows.

    Returns:
        Shape (B,), at most 1.
    """
    from monai.metrics.regression import compute_ssim_and_cs  # imported late: it takes seconds

    ssim, _ = compute_ssim_and_cs(first + 1, second + 1, 2, (KERNEL_PX,) * 2, (SIGMA_PX,) * 2, DATA_RANGE)
    return ssim.mean(dim=(1, 2, 3)).detach().cpu().numpy().astype(np.float64)


@dataclass(frozen=True)
class Strip:
    """What a row of windows needs to know of N images.

    Attributes:
        columns: Their values, column by column, shape (W, KERNEL_PX, N).
        mean: Mean of each window, shape (windows, N).
        luminance: mean^2 + C1 / 2, same shape.
        contrast: variance + C2 / 2, same shape.
    """

    columns: Tensor
    mean: Tensor
    luminance: Tensor
    contrast: Tensor


@torch.no_grad()
def compute_all_ssim(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
    """Returns the structural similarity of every image of one set with every image of another.

    SSIM = (2 m_x m_y + C1) (2 c_xy + C2) / ((m_x^2 + m_y^2 + C1) (v_x + v_y + C2)), averaged over windows; m, v and c
    are Gaussian-weighted means, variances and covariances. Means and variances are computed once per image. What is
    left per pair, the weighted mean of the product x y, is a product of matrices: down the windows' columns of all
    images of the one set with all of the other, then along their rows.

    Args:
        first: Network range [-1, 1], shape (N, H, W), H and W at least 11.
        second: Likewise, shape (M, H, W).

    Returns:
        Shape (N, M), at most 1. Memory grows with N + M, and with N M by eight bytes.

    Example:
        >>> image = np.random.default_rng(0).uniform(-1, 1, (2, 16, 16)).astype(np.float32)
        >>> compute_all_ssim(image, image).diagonal().round(5).tolist()
        [1.0, 1.0]
    """
    x, y = (torch.from_numpy(images + 1).permute(1, 2, 0).contiguous() for images in (first, second))
    kernel = make_kernel()
    along = make_band(kernel, x.shape[1] - KERNEL_PX + 1)
    rows = x.shape[0] - KERNEL_PX + 1
    block = max(1, PAIRS // y.shape[2])
    sums = torch.zeros(x.shape[2], y.shape[2], dtype=torch.float64)
    for row in range(rows):
        right = make_strip(y[row : row + KERNEL_PX], kernel, along)
        for at in range(0, x.shape[2], block):
            left = make_strip(x[row : row + KERNEL_PX, :, at : at + block], kernel, along)
            sums[at : at + block] += sum_windows(left, right, kernel, along)
    return (4 * sums / (rows * len(along))).numpy()


def make_kernel() -> Tensor:
    """Returns the weights of a window along one axis, shape (KERNEL_PX,); they add up to 1."""
    place = torch.arange(KERNEL_PX, dtype=torch.float64) - (KERNEL_PX - 1) / 2
    weights = torch.exp(-(place**2) / (2 * SIGMA_PX**2))
    return (weights / weights.sum()).float()


def make_band(kernel: Tensor, windows: int) -> Tensor:
    """Returns the matrix that averages values along a line, shape (windows, windows + KERNEL_PX - 1)."""
    band = torch.zeros(windows, windows + KERNEL_PX - 1)
    for number in range(windows):
        band[number, number : number + KERNEL_PX] = kernel
    return band


def make_strip(values: Tensor, kernel: Tensor, along: Tensor) -> Strip:
    """Returns what a row of windows needs to know.

    Args:
        values: Rows that the windows cover, shape (KERNEL_PX, W, N).
        kernel: Weights along one axis.
        along: Matrix that averages along the row, shape (windows, W).
    """
    mean = along @ torch.tensordot(kernel, values, 1)
    variance = along @ torch.tensordot(kernel, values**2, 1) - mean**2
    return Strip(values.transpose(0, 1).contiguous(), mean, mean**2 + C1 / 2, variance + C2 / 2)


def sum_windows(left: Strip, right: Strip, kernel: Tensor, along: Tensor) -> Tensor:
    """Returns the sum of SSIM over a row of windows for all pairs, shape (N, M).

    Args:
        left: N images.
        right: M images.
        kernel: Weights along one axis.
        along: Matrix that averages along the row, shape (windows, W).
    """
    weighted, total = right.columns * kernel[:, None], torch.zeros(left.mean.shape[1], right.mean.shape[1])
    for at in range(0, len(along), COLUMNS):
        windows = slice(at, min(at + COLUMNS, len(along)))
        seen = slice(at, windows.stop + KERNEL_PX - 1)
        products = torch.bmm(left.columns[seen].transpose(1, 2), weighted[seen])
        covariance = torch.mm(along[windows, seen], products.flatten(1)).view(-1, *total.shape)
        means = left.mean[windows, :, None] * right.mean[windows, None]
        covariance.sub_(means).add_(C2 / 2).mul_(means.add_(C1 / 2))
        spread = left.luminance[windows, :, None] + right.luminance[windows, None]
        spread.mul_(left.contrast[windows, :, None] + right.contrast[windows, None])
        total += covariance.div_(spread).sum(0)
    return total
