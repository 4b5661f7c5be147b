"""SSIM written twice: naively here, in float64 with plain loops over windows; all pairs against pairs one by one."""

import numpy as np
import pytest
import torch

from ganoscope.evaluate import ssim

C1, C2 = (0.01 * 2) ** 2, (0.03 * 2) ** 2


def naive_ssim(x, y):
    """Wang et al. 2004, eq. 13, over all full 11 x 11 windows of images in [0, 2]."""
    line = np.exp(-((np.arange(11) - 5.0) ** 2) / (2 * 1.5**2))
    window = np.outer(line, line) / np.outer(line, line).sum()
    x, y, values = x.astype(np.float64) + 1, y.astype(np.float64) + 1, []
    for top in range(x.shape[0] - 10):
        for left in range(x.shape[1] - 10):
            a, b = x[top : top + 11, left : left + 11], y[top : top + 11, left : left + 11]
            mean_a, mean_b = (window * a).sum(), (window * b).sum()
            spread = (window * (a - mean_a) ** 2).sum() + (window * (b - mean_b) ** 2).sum()
            covariance = (window * (a - mean_a) * (b - mean_b)).sum()
            light = (2 * mean_a * mean_b + C1) / (mean_a**2 + mean_b**2 + C1)
            values.append(light * (2 * covariance + C2) / (spread + C2))
    return np.mean(values)


def draw_images(number, height=20, width=47, seed=0):
    """Smooth pictures with flat dark parts, where the constants decide."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / height
    waves = [np.sin(a * x + b * y + c) for a, b, c in rng.uniform(0, 9, (number, 3))]
    noise = 0.05 * rng.standard_normal((number, height, width))
    return np.clip(1.4 * np.array(waves) + noise, -1, 1).astype(np.float32)


@pytest.mark.parametrize(("columns", "pairs"), [(22, 6400), (7, 4), (1, 1)])
def test_all_pairs_are_the_published_formula(columns, pairs, monkeypatch):
    monkeypatch.setattr(ssim, "COLUMNS", columns)
    monkeypatch.setattr(ssim, "PAIRS", pairs)
    first, second = draw_images(5), draw_images(3, seed=1)
    computed = ssim.compute_all_ssim(first, second)
    assert computed == pytest.approx(np.array([[naive_ssim(x, y) for y in second] for x in first]), abs=1e-5)
    assert computed.std() > 0.05


def test_given_pairs_are_the_same():
    first, second = draw_images(3), draw_images(3, seed=1)
    given = ssim.compute_ssim(torch.from_numpy(first[:, None]), torch.from_numpy(second[:, None]))
    assert given == pytest.approx(ssim.compute_all_ssim(first, second).diagonal(), abs=1e-4)


def test_an_image_resembles_itself_alone_wholly():
    images = draw_images(4)
    found = ssim.compute_all_ssim(images, images)
    assert found.diagonal() == pytest.approx(np.ones(4), abs=1e-5)
    assert (found[~np.eye(4, dtype=bool)] < 0.9).all()
    assert found == pytest.approx(found.T, abs=1e-6)
