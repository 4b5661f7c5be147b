"""MS-SSIM written twice: naively here, in float64 with plain loops over scales and windows."""

import numpy as np
import pytest

from ganoscope.evaluate.fidelity import diversity

C1, C2 = (0.01 * 2) ** 2, (0.03 * 2) ** 2


def gaussian_window(side=11, sigma=1.5):
    at = np.arange(side) - (side - 1) / 2
    line = np.exp(-(at**2) / (2 * sigma**2))
    window = np.outer(line, line)
    return window / window.sum()


def ssim_terms(x, y):
    """Mean of luminance x contrast x structure, and of contrast x structure, over all full windows."""
    window, side = gaussian_window(), 11
    both, contrast = [], []
    for top in range(x.shape[0] - side + 1):
        for left in range(x.shape[1] - side + 1):
            a, b = x[top : top + side, left : left + side], y[top : top + side, left : left + side]
            mean_a, mean_b = (window * a).sum(), (window * b).sum()
            var_a, var_b = (window * (a - mean_a) ** 2).sum(), (window * (b - mean_b) ** 2).sum()
            covariance = (window * (a - mean_a) * (b - mean_b)).sum()
            cs = (2 * covariance + C2) / (var_a + var_b + C2)
            contrast.append(cs)
            both.append((2 * mean_a * mean_b + C1) / (mean_a**2 + mean_b**2 + C1) * cs)
    return np.mean(both), np.mean(contrast)


def naive_ms_ssim(x, y, scales):
    weights = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333][:scales])
    weights /= weights.sum()
    x, y, product = x.astype(np.float64) + 1, y.astype(np.float64) + 1, 1.0
    for scale in range(scales):
        if scale:
            x, y = ((v[::2, ::2] + v[1::2, ::2] + v[::2, 1::2] + v[1::2, 1::2]) / 4 for v in (x, y))
        both, contrast = ssim_terms(x, y)
        product *= max(both if scale == scales - 1 else contrast, 0.0) ** weights[scale]
    return product


def blob(size, centre, seed):
    y, x = np.mgrid[:size, :size] / size
    noise = 0.1 * np.random.default_rng(seed).standard_normal((size, size))
    return np.clip(2 * np.exp(-((x - centre) ** 2 + (y - 0.5) ** 2) * 12) - 1 + noise, -1, 1).astype(np.float32)


@pytest.mark.parametrize(("size", "scales"), [(32, 2), (64, 3)])
def test_ms_ssim_is_the_published_formula(size, scales):
    x, y = blob(size, 0.5, 0), blob(size, 0.55, 1)
    computed = diversity.compute_ms_ssim(x[None, None], y[None, None])
    assert diversity.count_scales(size) == scales
    assert computed == pytest.approx([naive_ms_ssim(x, y, scales)], abs=1e-5)


def test_scales_are_those_of_monai_where_monai_can_do_them():
    from monai.metrics import MultiScaleSSIMMetric

    x, y = (np.stack([blob(256, centre, seed)])[None] for centre, seed in ((0.5, 0), (0.6, 1)))
    import torch

    metric = MultiScaleSSIMMetric(spatial_dims=2, data_range=2.0)
    theirs = metric(torch.from_numpy(x) + 1, torch.from_numpy(y) + 1).item()
    assert sum(diversity.WEIGHTS) == pytest.approx(1, abs=2e-4)
    assert diversity.compute_ms_ssim(x, y)[0] == pytest.approx(theirs, abs=1e-4)
