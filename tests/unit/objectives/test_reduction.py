import pytest
import torch

from ganoscope.objectives.reduction import full_precision, mean_per_sample, weighted_mean

LOSSES = torch.tensor([1.0, 4.0, 16.0])


def test_without_weights_the_plain_mean_is_taken():
    assert torch.equal(weighted_mean(LOSSES, None), LOSSES.mean())
    assert torch.isclose(weighted_mean(LOSSES, torch.ones(3)), LOSSES.mean())


def test_weights_scale_the_images_and_not_the_divisor():
    assert weighted_mean(LOSSES, torch.tensor([0.0, 2.0, 1.0])).item() == pytest.approx((2 * 4 + 16) / 3)


def test_the_slope_of_a_weight_is_the_share_of_its_image():
    weight = torch.ones(3, requires_grad=True)
    weighted_mean(LOSSES, weight).backward()
    assert weight.grad.tolist() == pytest.approx((LOSSES / 3).tolist())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
def test_no_objective_counts_in_half_precision(dtype):
    expected = torch.float64 if dtype == torch.float64 else torch.float32
    assert full_precision(torch.zeros(2, dtype=dtype)).dtype == expected


def test_means_are_taken_over_everything_but_the_batch():
    values = torch.arange(24.0).view(2, 3, 2, 2)
    assert mean_per_sample(values).tolist() == [values[0].mean().item(), values[1].mean().item()]
    assert mean_per_sample(torch.tensor([3.0, 5.0])).tolist() == [3.0, 5.0]
