import numpy as np
import torch
from torch import nn

from ganoscope.training.ema import RAMP_SHARE, MovingAverage


def test_the_average_follows_the_formula_with_its_ramp():
    network = nn.Linear(3, 2)
    average = MovingAverage(network, half_life_images=100)
    expected = network.weight.detach().double().numpy().copy()
    for step in range(1, 40):
        with torch.no_grad():
            network.weight += 0.1 * step
        average.update(batch_size=32, images_seen=32 * step)
        half_life = min(100, RAMP_SHARE * 32 * step)
        decay = 0.5 ** (32 / half_life)
        expected = decay * expected + (1 - decay) * network.weight.detach().double().numpy()
    assert np.allclose(average.average.weight, expected, rtol=1e-5)


def test_half_life_zero_follows_at_once():
    network = nn.Linear(2, 2)
    average = MovingAverage(network, half_life_images=0)
    with torch.no_grad():
        network.weight.fill_(7.0)
    average.update(8, 8)
    assert torch.equal(average.average.weight, network.weight)


def test_buffers_are_averaged_and_counters_copied():
    network = nn.BatchNorm2d(2)
    average = MovingAverage(network, half_life_images=1000)
    for step in range(1, 11):
        network(torch.randn(4, 2, 3, 3) + 5)
        average.update(4, 4000 * step)
    assert average.average.num_batches_tracked == 10
    assert (average.average.running_mean > 0).all()
    assert (average.average.running_mean < network.running_mean).all()


def test_the_average_is_frozen_and_in_evaluation_mode():
    average = MovingAverage(nn.BatchNorm2d(2), 10).average
    assert not average.training
    assert not any(p.requires_grad for p in average.parameters())


def test_networks_moved_after_it_was_made_are_still_followed():
    network = nn.Conv2d(2, 3, 3)
    average = MovingAverage(network, half_life_images=0)
    for moved in (network, average.average):
        moved.to(memory_format=torch.channels_last)
    with torch.no_grad():
        network.weight += 1
    average.update(4, 4)
    assert torch.equal(average.average.weight, network.weight)
