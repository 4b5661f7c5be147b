"""Formulas of explanations written a second time, naively, in float64."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ganoscope.explanation.checks.deletion import blur, compute_area, compute_curves
from ganoscope.explanation.checks.randomisation import compute_ssim
from ganoscope.explanation.feature_attribution import grad_cam, hires_cam
from ganoscope.explanation.regions import compute_otsu, compute_shares, find_anatomy, split_regions
from ganoscope.explanation.targets import why_generated, why_real
from ganoscope.nets.dcgan import Discriminator
from ganoscope.statistics.ranks import compute_rank_correlation

SIZE = 32


def make_network():
    torch.manual_seed(2)
    network = Discriminator(SIZE, 4)
    for _ in range(4):
        network(torch.randn(16, 1, SIZE, SIZE))
    return network.eval().double()


def naive_cam(network, images, depth, sign, elementwise):
    """Selvaraju et al. 2017, eq. 1 and 2; with `elementwise`, Draelos and Carin 2020, eq. 4."""
    maps = []
    for image in images:
        activations = image[None]
        for level in network.levels[: depth + 1]:
            activations = level(activations)
        activations = activations.detach().requires_grad_()
        rest = activations
        for level in network.levels[depth + 1 :]:
            rest = level(rest)
        score = sign * network.head(rest).sum()
        (gradient,) = torch.autograd.grad(score, activations)
        channels, height, width = activations.shape[1:]
        cam = torch.zeros(height, width, dtype=torch.float64)
        for k in range(channels):
            weight = gradient[0, k] if elementwise else gradient[0, k].sum() / (height * width)
            cam += weight * activations[0, k].detach()
        fine = F.interpolate(cam.clamp(min=0)[None, None], (SIZE, SIZE), mode="bilinear", align_corners=False)
        maps.append(fine[0, 0])
    return torch.stack(maps)


@pytest.mark.parametrize("depth", [0, 1, 2])
@pytest.mark.parametrize(("make_target", "sign"), [(why_real, 1), (why_generated, -1)])
@pytest.mark.parametrize(("module", "elementwise"), [(grad_cam, False), (hires_cam, True)])
def test_cam_equals_the_formula(depth, make_target, sign, module, elementwise):
    network = make_network()
    images = torch.randn(3, 1, SIZE, SIZE, dtype=torch.float64).clamp(-1, 1)
    ours = module.explain(network, images, make_target(network), module.Config(f"levels.{depth}")).maps
    naive = naive_cam(network, images, depth, sign, elementwise)
    assert naive.max() > 0 or depth == 2
    torch.testing.assert_close(ours, naive.float(), rtol=1e-5, atol=1e-9)


def brute_otsu(image):
    counts, edges = np.histogram(image, 256)
    centres, best, threshold = (edges[1:] + edges[:-1]) / 2, -1.0, 0.0
    for cut in range(1, 256):
        low, high = counts[:cut].sum(), counts[cut:].sum()
        if low and high:
            gap = (counts[:cut] @ centres[:cut]) / low - (counts[cut:] @ centres[cut:]) / high
            if low * high * gap**2 > best * (1 + 1e-12):
                best, threshold = low * high * gap**2, edges[cut]
    return threshold


@pytest.mark.parametrize("seed", range(5))
def test_otsu_equals_brute_force(seed):
    random = np.random.default_rng(seed)
    image = np.concatenate([random.normal(-0.8, 0.1, 700), random.normal(0.2, 0.3, 324)])
    assert compute_otsu(image) == pytest.approx(brute_otsu(image))


def test_shares_equal_brute_force():
    random = np.random.default_rng(0)
    yy, xx = np.mgrid[:SIZE, :SIZE]
    images = np.stack([-1.0 + 1.5 * ((yy - 16) ** 2 + (xx - 14) ** 2 < r * r) for r in (8, 11)])
    images += random.normal(0, 0.02, images.shape)
    maps = random.random(images.shape)
    regions = np.stack([split_regions(find_anatomy(image)) for image in images])
    for image, heat, region, shares in zip(images, maps, regions, compute_shares(maps, regions), strict=True):
        mask, sums = find_anatomy(image), np.zeros(3)
        assert np.array_equal(mask, image > -0.25)
        for y in range(SIZE):
            for x in range(SIZE):
                other = np.argwhere(mask != mask[y, x])
                near = np.sqrt(((other - (y, x)) ** 2).sum(1)).min() <= 1
                code = 1 if near else (0 if mask[y, x] else 2)
                assert region[y, x] == code
                sums[code] += heat[y, x]
        np.testing.assert_allclose(shares, sums / heat.sum())


class Sum(nn.Module):
    """The score is a weighted sum of pixels."""

    def __init__(self, weights):
        super().__init__()
        self.weights = nn.Parameter(weights)

    def forward(self, images):
        return (images[:, 0] * self.weights).sum((1, 2))


def test_deletion_and_insertion_by_hand():
    weights = torch.arange(1.0, 101.0).reshape(10, 10)
    network = Sum(weights)
    images = np.random.default_rng(0).random((2, 1, 10, 10), np.float32)
    maps = np.repeat(weights.numpy()[None], 2, axis=0)
    deletion, insertion = compute_curves(network, images, maps, network, seed=0)
    change = ((blur(images) - images)[:, 0] * weights.numpy()).reshape(2, -1).astype(np.float64)[:, ::-1]
    start = (images[:, 0] * weights.numpy()).reshape(2, -1).sum(1)
    steps = np.stack([start + change[:, : 10 * step].sum(1) for step in range(11)], axis=1)
    np.testing.assert_allclose(deletion.by_map, steps, rtol=1e-4)
    end = start + change.sum(1)
    back = np.stack([end - change[:, : 10 * step].sum(1) for step in range(11)], axis=1)
    np.testing.assert_allclose(insertion.by_map, back, rtol=1e-4)
    by_hand = (steps[:, 1:] + steps[:, :-1]).sum(1) / 2 / 10
    np.testing.assert_allclose(compute_area(deletion.by_map), by_hand, rtol=1e-4)


def test_similarity_of_empty_maps():
    empty, full = np.zeros((1, 16, 16), np.float32), np.random.default_rng(0).random((1, 16, 16), np.float32)
    assert np.isnan(compute_rank_correlation(empty, full)).all()
    assert compute_rank_correlation(full, empty) == 0
    assert np.isnan(compute_ssim(empty, full)).all()
    assert compute_ssim(full, full) == pytest.approx(1)
