"""Alteration: the same draws give the same images, nothing moves without limits, and holes are grey."""

import numpy as np
import torch

from ganoscope.data.feeding.augment import Policy
from ganoscope.evaluate.reidentification.alteration import LEARNED, NOISE, alter


def draw(count=6, size=16):
    return np.random.default_rng(0).uniform(-1, 1, (count, 1, size, size)).astype(np.float32)


def test_the_same_seed_alters_alike_and_another_one_differently():
    first, again, other = (alter(draw(), LEARNED, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_without_limits_and_holes_only_noise_is_added():
    images = draw()
    added = alter(images, Policy(), np.random.default_rng(0), hole=False).numpy() - images
    assert 0 < added.std() < NOISE
    assert np.ptp(added.std(axis=(1, 2, 3))) > 0.005  # each image has its own


def test_a_hole_hides_one_square_of_each_image():
    images = np.ones((40, 1, 20, 20), np.float32)
    hidden = alter(images, Policy(), np.random.default_rng(0)).numpy()[:, 0] == 0
    shares = hidden.mean(axis=(1, 2))
    assert shares.max() <= 0.45**2 and shares.max() > 0.05
    rows, columns = hidden.any(axis=2).sum(1), hidden.any(axis=1).sum(1)
    assert np.array_equal(hidden.sum(axis=(1, 2)), rows * columns)
