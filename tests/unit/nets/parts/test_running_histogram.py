"""The running histogram: what it weighs, whose gradient it carries, and that checkpoints keep it."""

import pytest
import torch

from ganoscope.contracts import Phase
from ganoscope.nets.parts.running_histogram import RunningHistogram
from ganoscope.objectives.hu_histogram import HuBins, histogram_kl, hu_histogram
from ganoscope.training.run_folder.checkpoint import TrainingState, load_checkpoint, save_checkpoint

BINS = HuBins(-1024.0, 1024.0, number=16)


def draw(seed, batch=2):
    return torch.rand(batch, 16, generator=torch.Generator().manual_seed(seed))


def draw_image(seed):
    return 300 * torch.randn(1, 1, 6, 6, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("half_life_images", [1.0, 5.0, 1e9])
def test_is_the_weighted_mean_of_all_images_seen(half_life_images):
    running = RunningHistogram(16, half_life_images)
    for seed in range(5):
        found = running.update(draw(seed))
    weighted = sum(0.5 ** (2 * (4 - seed) / half_life_images) * draw(seed).double().sum(0) for seed in range(5))
    torch.testing.assert_close(found.double(), weighted / weighted.sum(), rtol=1e-5, atol=0)


def test_the_first_value_is_the_first_batch():
    torch.testing.assert_close(RunningHistogram(16, 100.0).update(draw(0)), draw(0).sum(0) / draw(0).sum())


def test_the_gradient_is_that_of_the_batch_whatever_the_half_life():
    slopes = []
    for half_life_images in (1.0, 1000.0):
        running = RunningHistogram(16, half_life_images)
        batch = draw(0).requires_grad_()
        (slope,) = torch.autograd.grad(running.update(batch)[3], batch)
        slopes.append(slope)
    torch.testing.assert_close(slopes[0], slopes[1])
    assert (slopes[0][:, 3] > 0).all()
    assert not running.counts.requires_grad


def test_pixels_move_as_finite_differences_of_the_data_set_say_times_the_images_that_count():
    """A share s of the data set moves its histogram by s: the gradient is 1/s as large, for the whole would move."""
    target = hu_histogram(draw_image(9) + 200, None, BINS)[0]

    def compute_loss(pixels):
        running = RunningHistogram(16, 3.0).double()
        for seed in range(4):
            running.update(hu_histogram(draw_image(seed), None, BINS))
        return histogram_kl(target, running.update(hu_histogram(pixels, None, BINS))), running.counts.sum()

    pixels, step = draw_image(5).requires_grad_(), 1e-3
    loss, images = compute_loss(pixels)
    (slope,) = torch.autograd.grad(loss, pixels)
    for place in range(0, 36, 7):
        shift = torch.zeros(36, dtype=torch.float64).index_fill(0, torch.tensor(place), step).reshape(1, 1, 6, 6)
        difference = compute_loss(pixels + shift)[0] - compute_loss(pixels - shift)[0]
        expected = difference.item() / (2 * step) * images.item()
        assert slope.flatten()[place].item() == pytest.approx(expected, rel=1e-4, abs=1e-9)


def test_images_weigh_by_what_was_measured():
    running = RunningHistogram(2, 1e9)
    found = running.update(torch.tensor([[0.2, 0.0], [0.0, 0.6]]))
    torch.testing.assert_close(found, torch.tensor([0.25, 0.75]))


def test_nothing_measured_is_no_nan():
    assert RunningHistogram(4, 10.0).update(torch.zeros(1, 4)).tolist() == [0.0] * 4


def test_a_checkpoint_brings_it_back(tmp_path):
    networks = {"G": torch.nn.Linear(2, 2), "hu_a": RunningHistogram(16, 10.0)}
    phase = Phase("generator", ("G",), lambda _: None, torch.optim.Adam(networks["G"].parameters()))
    networks["hu_a"].update(draw(0))
    save_checkpoint(tmp_path, 16, TrainingState(networks, {}, (phase,)))
    other = {"G": torch.nn.Linear(2, 2), "hu_a": RunningHistogram(16, 10.0)}
    load_checkpoint(tmp_path / "checkpoints" / "0000000016", TrainingState(other, {}, (phase,)))
    assert torch.equal(other["hu_a"].update(draw(1)), networks["hu_a"].update(draw(1)))
