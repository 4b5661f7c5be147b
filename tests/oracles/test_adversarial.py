"""The adversarial losses against the naive formulas in float64, PyTorch's own, and finite differences."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from ganoscope.objectives.adversarial import (
    bce_fake,
    bce_real,
    least_squares_fake,
    least_squares_real,
    wasserstein_fake,
    wasserstein_real,
)

SMOOTHING = (1.0, 0.9, 0.5, 0.1)
SHAPES = [(5,), (5, 1), (5, 1, 3, 4), (1,), (2, 1, 1, 1)]


def draw(shape, scale=3.0):
    return torch.from_numpy(np.random.default_rng(len(shape)).normal(0, scale, shape)).float()


def naive_real(logits, smoothing):
    """-s log sigma(l) - (1 - s) log(1 - sigma(l)), mean over everything but the batch."""
    probability = 1 / (1 + np.exp(-logits.double().numpy()))
    loss = -smoothing * np.log(probability) - (1 - smoothing) * np.log(1 - probability)
    return loss.reshape(len(loss), -1).mean(axis=1)


def naive_fake(logits):
    """-log(1 - sigma(l)), mean over everything but the batch."""
    loss = -np.log(1 - 1 / (1 + np.exp(-logits.double().numpy())))
    return loss.reshape(len(loss), -1).mean(axis=1)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("smoothing", SMOOTHING)
def test_real_equals_the_naive_formula_one_value_per_sample(shape, smoothing):
    loss = bce_real(draw(shape), smoothing)
    assert (loss.shape, loss.dtype) == ((shape[0],), torch.float32)
    np.testing.assert_allclose(loss, naive_real(draw(shape), smoothing), rtol=2e-6, atol=1e-7)


@pytest.mark.parametrize("shape", SHAPES)
def test_fake_equals_the_naive_formula_one_value_per_sample(shape):
    loss = bce_fake(draw(shape))
    assert (loss.shape, loss.dtype) == ((shape[0],), torch.float32)
    np.testing.assert_allclose(loss, naive_fake(draw(shape)), rtol=2e-6, atol=1e-7)


@given(st.lists(st.floats(-80, 80, width=32), min_size=1, max_size=20), st.sampled_from(SMOOTHING))
@settings(deadline=None)
def test_both_equal_pytorch(values, smoothing):
    logits = torch.tensor(values)
    for loss, target in ((bce_real(logits, smoothing), smoothing), (bce_fake(logits), 0.0)):
        theirs = F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target), reduction="none")
        torch.testing.assert_close(loss, theirs, rtol=1e-5, atol=1e-5)


def test_default_is_no_smoothing():
    torch.testing.assert_close(bce_real(draw((5, 1))), bce_real(draw((5, 1)), 1.0), rtol=0, atol=0)


@pytest.mark.parametrize("size", [50.0, 1e4, 1e30])
def test_large_logits_neither_overflow_nor_vanish(size):
    logits = torch.tensor([-size, size], requires_grad=True)
    for loss, expected, slope in (
        (bce_real(logits), [size, 0.0], [-1.0, 0.0]),
        (bce_fake(logits), [0.0, size], [0.0, 1.0]),
        (bce_real(logits, 0.9), [0.9 * size, 0.1 * size], [-0.9, 0.1]),
    ):
        (gradient,) = torch.autograd.grad(loss.sum(), logits)
        np.testing.assert_allclose(loss.detach(), expected, rtol=1e-6, atol=1e-20)
        np.testing.assert_allclose(gradient, slope, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("smoothing", SMOOTHING)
@pytest.mark.parametrize("shape", [(6,), (3, 1, 2, 2)])
def test_gradients_equal_finite_differences(shape, smoothing):
    """Central differences of the naive float64 formula."""
    logits = draw(shape).requires_grad_()
    step = 1e-5
    for loss, naive in (
        (bce_real(logits, smoothing), lambda values: naive_real(values, smoothing)),
        (bce_fake(logits), naive_fake),
    ):
        (gradient,) = torch.autograd.grad(loss.sum(), logits)
        for index in np.ndindex(shape):
            shift = torch.zeros(shape, dtype=torch.float64)
            shift[index] = step
            values = logits.detach().double()
            numeric = (naive(values + shift) - naive(values - shift)).sum() / (2 * step)
            assert gradient[index].item() == pytest.approx(numeric, abs=1e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_logits_are_summed_in_full_precision(dtype):
    logits = draw((3, 1, 40, 40)).to(dtype)
    for loss, naive in ((bce_real(logits, 0.9), naive_real(logits, 0.9)), (bce_fake(logits), naive_fake(logits))):
        assert loss.dtype == torch.float32
        np.testing.assert_allclose(loss, naive, rtol=1e-5)


@pytest.mark.parametrize("smoothing", [0.9, 0.7])
def test_smoothed_loss_is_least_where_the_probability_is_the_target(smoothing):
    logits = torch.linspace(-6, 6, 24_001)
    best = logits[bce_real(logits, smoothing).argmin()]
    assert torch.sigmoid(best).item() == pytest.approx(smoothing, abs=1e-2)


NAIVE = [
    (wasserstein_real, lambda value: -value),
    (wasserstein_fake, lambda value: value),
    (least_squares_real, lambda value: (value - 1.0) ** 2),
    (least_squares_fake, lambda value: value**2),
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("loss", "naive"), NAIVE, ids=lambda entry: entry.__name__)
def test_the_others_equal_the_naive_formulas_one_value_per_sample(loss, naive, shape):
    found = loss(draw(shape))
    assert (found.shape, found.dtype) == ((shape[0],), torch.float32)
    expected = [np.mean([naive(value) for value in sample.double().flatten().tolist()]) for sample in draw(shape)]
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("loss", "slopes"),
    [
        (wasserstein_real, [-1.0] * 3),
        (wasserstein_fake, [1.0] * 3),
    ],
)
def test_wasserstein_has_the_same_slope_everywhere(loss, slopes):
    logits = torch.tensor([-1.5, 0.0, 1.5], requires_grad=True)
    (gradient,) = torch.autograd.grad(loss(logits).sum(), logits)
    assert gradient.tolist() == slopes


@pytest.mark.parametrize(("loss", "naive"), NAIVE, ids=lambda entry: entry.__name__)
def test_half_precision_scores_are_summed_in_full_precision_too(loss, naive):
    logits = draw((3, 1, 40, 40)).bfloat16()
    expected = [np.mean([naive(value) for value in sample.double().flatten().tolist()]) for sample in logits]
    np.testing.assert_allclose(loss(logits), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("loss", [bce_real, bce_fake, *(entry for entry, _ in NAIVE)])
def test_float64_stays_float64_so_that_gradients_equal_finite_differences(loss):
    assert torch.autograd.gradcheck(loss, draw((3, 1, 2, 2)).double().requires_grad_())


@given(st.floats(-50, 50))
def test_least_squares_code_real_as_1_and_generated_as_0(value):
    logits = torch.tensor([value], dtype=torch.float64)
    assert least_squares_real(torch.ones(1)) == least_squares_fake(torch.zeros(1)) == 0
    torch.testing.assert_close(least_squares_real(logits), least_squares_fake(logits - 1))
    torch.testing.assert_close(least_squares_real(logits), least_squares_fake(1 - logits))


def test_least_squares_pull_back_logits_that_are_beyond_their_code():
    """What sets them apart from cross-entropy: Mao et al. 2017, fig. 1."""
    logits = torch.tensor([-3.0, 0.5, 4.0], requires_grad=True)
    (gradient,) = torch.autograd.grad(least_squares_real(logits).sum(), logits)
    assert gradient.tolist() == [-8.0, -1.0, 6.0]
    (gradient,) = torch.autograd.grad(least_squares_fake(logits).sum(), logits)
    assert gradient.tolist() == [-6.0, 1.0, 8.0]


def test_a_discriminator_that_can_not_tell_says_one_half():
    """Mao et al. 2017, eq. 5, with the codes 0 and 1."""
    logits = torch.linspace(-1, 2, 3001)
    best = logits[(least_squares_real(logits) + least_squares_fake(logits)).argmin()]
    assert best.item() == pytest.approx(0.5, abs=1e-3)
