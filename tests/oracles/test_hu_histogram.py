"""The HU loss against loops over pixels and bins, finite differences, and what it is for: moving pixels."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ganoscope.objectives.hu_histogram import EPSILON, HuBins, blur_bins, histogram_kl, hu_histogram

BINS = HuBins(-1024.0, 1024.0, number=33, blur_hu=40.0)
SHARP = HuBins(-1024.0, 1024.0, number=33, blur_hu=1e-6)
CT = HuBins(-1024.0, 3071.0)


def draw_hu(*shape, seed=0, mean=0.0, spread=400.0):
    values = torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return mean + spread * values


def naive_histogram(image, measured, bins):
    """Each measured pixel's two triangular weights, each spread by the Cauchy distribution of SciPy."""
    centres = np.linspace(bins.lowest_hu, bins.highest_hu, bins.number)
    spacing = centres[1] - centres[0]
    edges = np.concatenate([[-np.inf], centres[:-1] + spacing / 2, [np.inf]])
    blur = [np.diff(stats.cauchy.cdf(edges, loc=centre, scale=bins.blur_hu)) for centre in centres]
    rows = []
    for pixels, mask in zip(image.flatten(1).tolist(), measured.flatten(1).tolist(), strict=True):
        row = np.zeros(bins.number)
        for value, counts in zip(pixels, mask, strict=True):
            if counts:
                value = min(max(value, bins.lowest_hu), bins.highest_hu)
                weights = [max(0.0, 1 - abs(value - centre) / spacing) for centre in centres]
                row += sum(weight * spread for weight, spread in zip(weights, blur, strict=True)) / len(pixels)
        rows.append(row)
    return torch.from_numpy(np.stack(rows))


def naive_kl(real, fake):
    """Sum of P log(P / Q), each bin raised by epsilon and scaled back to a sum of 1."""
    p = [(value / sum(real) + EPSILON) / (1 + len(real) * EPSILON) for value in real]
    q = [(value / sum(fake) + EPSILON) / (1 + len(fake) * EPSILON) for value in fake]
    return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))


def compute_slope(pixels, target, bins, measured=None):
    pixels = pixels.detach().requires_grad_()
    loss = histogram_kl(target, hu_histogram(pixels, measured, bins))
    return torch.autograd.grad(loss.sum(), pixels)[0]


@pytest.mark.parametrize("bins", [BINS, SHARP, HuBins(-100.0, 300.0, number=2, blur_hu=15.0)])
def test_histogram_equals_the_naive_one(bins):
    image = draw_hu(3, 1, 5, 6, spread=700.0)
    measured = torch.rand(image.shape, generator=torch.Generator().manual_seed(1)) > 0.3
    expected = naive_histogram(image, measured, bins)
    torch.testing.assert_close(hu_histogram(image, measured, bins), expected, rtol=1e-9, atol=1e-12)


def test_divergence_equals_the_naive_one():
    generator = torch.Generator().manual_seed(0)
    real, fake = (torch.rand(4, 12, generator=generator, dtype=torch.float64) for _ in range(2))
    real[0, 3:] = 0
    expected = [naive_kl(p, q) for p, q in zip(real.tolist(), fake.tolist(), strict=True)]
    torch.testing.assert_close(histogram_kl(real, fake), torch.tensor(expected, dtype=torch.float64))


@pytest.mark.parametrize("bins", [BINS, HuBins(-1024.0, 1024.0, number=9, blur_hu=200.0)])
def test_gradients_equal_finite_differences(bins):
    image = draw_hu(2, 1, 3, 4, spread=300.0).requires_grad_()
    measured = torch.arange(12).reshape(1, 1, 3, 4).expand(2, 1, 3, 4) % 5 > 0
    target = hu_histogram(draw_hu(2, 1, 3, 4, seed=1, mean=200.0), None, bins)
    assert torch.autograd.gradcheck(lambda pixels: hu_histogram(pixels, measured, bins), image)
    assert torch.autograd.gradcheck(
        lambda pixels: histogram_kl(target, hu_histogram(pixels, measured, bins)), image, eps=1e-3, atol=1e-8, rtol=1e-4
    )


def test_histc_has_no_gradient_and_this_has_one_at_every_pixel():
    pixels = draw_hu(1, 1, 16, 16, spread=200.0).requires_grad_()
    counts = torch.histc(pixels, BINS.number, BINS.lowest_hu, BINS.highest_hu)
    with pytest.raises(RuntimeError, match=r"not implemented|does not require grad"):
        counts.square().sum().backward()
    target = hu_histogram(draw_hu(1, 1, 16, 16, seed=1, mean=100.0), None, BINS)
    assert (compute_slope(pixels, target, BINS) != 0).all()


@settings(deadline=None)
@given(st.integers(0, 999), st.floats(-3000, 3000), st.floats(1, 2000), st.floats(0, 1))
def test_a_histogram_sums_to_the_measured_share(seed, mean, spread, share):
    image = draw_hu(2, 1, 6, 6, seed=seed, mean=mean, spread=spread)
    measured = torch.rand(image.shape, generator=torch.Generator().manual_seed(seed)) < share
    found = hu_histogram(image, measured, BINS)
    assert (found >= 0).all()
    torch.testing.assert_close(found.sum(1), measured.double().mean((1, 2, 3)), rtol=1e-9, atol=1e-12)


@given(st.integers(0, 999))
def test_divergence_is_zero_for_equal_histograms_and_positive_otherwise(seed):
    generator = torch.Generator().manual_seed(seed)
    real, fake = (torch.rand(20, generator=generator, dtype=torch.float64) for _ in range(2))
    assert histogram_kl(real, 3 * real).item() == pytest.approx(0, abs=1e-12)
    assert histogram_kl(real, fake).item() > 0


def test_order_of_the_pixels_does_not_matter():
    image = draw_hu(1, 1, 8, 8)
    shuffled = image.flatten()[torch.randperm(64)].reshape(image.shape)
    torch.testing.assert_close(hu_histogram(shuffled, None, BINS), hu_histogram(image, None, BINS))


def measure_pull(distance_hu, bins):
    """Share of the pixels of a tissue `distance_hu` above its target that descent moves to it."""
    target = hu_histogram(draw_hu(1, 1, 16, 16, mean=1000.0, spread=10.0).float(), None, bins)
    moved = draw_hu(1, 1, 16, 16, seed=1, mean=1000.0 + distance_hu, spread=10.0).float()
    slope = compute_slope(moved, target, bins) * moved.numel()
    return (slope * distance_hu > 1e-4 * abs(distance_hu)).float().mean().item()


@pytest.mark.parametrize("distance_hu", [-1900.0, -1000.0, -200.0, 200.0, 1000.0, 1900.0])
def test_a_tissue_is_pulled_to_its_target_however_far_it_is_unlike_by_the_triangle_alone(distance_hu):
    assert measure_pull(distance_hu, CT) > 0.9
    assert measure_pull(distance_hu, HuBins(-1024.0, 3071.0, blur_hu=1e-6)) < 0.5


def test_descent_moves_the_pixels_histogram_to_the_target():
    lung = draw_hu(1, 1, 32, 16, mean=-850.0, spread=30.0).float()
    tissue = draw_hu(1, 1, 32, 16, seed=1, mean=40.0, spread=20.0).float()
    before, wanted = torch.cat([lung, tissue], dim=3), torch.cat([lung, tissue + 200.0], dim=3)  # contrast agent
    target = hu_histogram(wanted, None, CT)
    pixels = before.clone().requires_grad_()
    optimizer = torch.optim.Adam([pixels], lr=4.0)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01, 300)
    losses = []
    for _ in range(300):
        optimizer.zero_grad()
        loss = histogram_kl(target, hu_histogram(pixels, None, CT)).sum()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    assert losses[-1] < 1e-3 * losses[0]
    distances = [stats.wasserstein_distance(p.detach().flatten(), wanted.flatten()) for p in (before, pixels)]
    assert distances[1] < 0.1 * distances[0]


def test_pixels_that_were_not_measured_neither_count_nor_get_a_gradient():
    pixels = draw_hu(2, 1, 8, 8, spread=200.0)
    measured = torch.zeros(2, 1, 8, 8, dtype=torch.bool)
    measured[..., 2:6] = True
    target = hu_histogram(draw_hu(2, 1, 8, 8, seed=1, mean=300.0), None, BINS)
    slope = compute_slope(pixels, target, BINS, measured)
    assert (slope[~measured] == 0).all()
    assert (slope[measured] != 0).all()
    padded = torch.where(measured, pixels, -2048.0)
    assert torch.equal(hu_histogram(padded, measured, BINS), hu_histogram(pixels, measured, BINS))


def test_an_image_without_a_measured_pixel_gives_no_gradient_and_no_nan():
    nothing = torch.zeros(1, 1, 4, 4, dtype=torch.bool)
    target = hu_histogram(draw_hu(1, 1, 4, 4), None, BINS)
    slope = compute_slope(draw_hu(1, 1, 4, 4, seed=1), target, BINS, nothing)
    assert (slope == 0).all()
    assert histogram_kl(target, hu_histogram(draw_hu(1, 1, 4, 4), nothing, BINS)).isfinite().all()


def test_pixels_at_an_end_of_the_range_can_leave_it_and_those_beyond_are_left():
    target = hu_histogram(torch.full((1, 1, 2, 2), 0.0), None, CT)
    ends = torch.tensor([-1024.0, 3071.0, -1500.0, 4000.0]).reshape(1, 1, 2, 2)
    low, high, below, above = compute_slope(ends, target, CT).flatten().tolist()
    assert low < 0 < high
    assert below == above == 0


def test_a_wider_blur_reaches_further_and_rows_of_the_blur_sum_to_one():
    for blur_hu in (1.0, 40.0, 100.0):
        blur = blur_bins(HuBins(-1024.0, 3071.0, blur_hu=blur_hu), torch.zeros(1))
        torch.testing.assert_close(blur.sum(1), torch.ones(256))
        assert (blur > 0).all()
        assert blur[128].argmax() == 128
    far = [blur_bins(HuBins(-1024.0, 3071.0, blur_hu=blur_hu), torch.zeros(1))[20, 200] for blur_hu in (1.0, 40.0)]
    assert far[1] > 10 * far[0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_autocast_leaves_it_in_full_precision(dtype):
    image, other = draw_hu(2, 1, 32, 32).to(dtype), draw_hu(2, 1, 32, 32, seed=1, mean=50.0).to(dtype)
    with torch.autocast("cpu", torch.bfloat16):
        found = histogram_kl(hu_histogram(other, None, CT), hu_histogram(image, None, CT))
    exact = histogram_kl(hu_histogram(other.double(), None, CT), hu_histogram(image.double(), None, CT))
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), exact, rtol=1e-3, atol=1e-6)


def test_gradients_in_float32_are_those_in_float64():
    image, target = draw_hu(1, 1, 64, 64, mean=-100.0), hu_histogram(draw_hu(1, 1, 64, 64, seed=1), None, CT)
    exact = compute_slope(image, target, CT)
    torch.testing.assert_close(
        compute_slope(image.float(), target.float(), CT).double(), exact, rtol=0, atol=1e-2 * exact.std()
    )
