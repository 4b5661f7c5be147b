import numpy as np

from ganoscope.training.checks.collapsed_diversity import CHECK, compute_mean_distance
from ganoscope.training.observations import Observations

RNG = np.random.default_rng(0)


def make_images(count=20):
    return RNG.uniform(-1, 1, (count, 8, 8)).astype(np.float32)


def find_codes(real, fake, progress):
    return [alarm.code for alarm in CHECK.find(Observations(real=real, fake=fake, progress=progress))]


def test_images_that_are_nearly_one_picture_ring_after_the_beginning():
    real = make_images()
    collapsed = real[:1] + 0.01 * make_images()
    assert find_codes(real, make_images(), 0.5) == []
    assert find_codes(real, collapsed, 0.5) == ["collapsed_diversity"]
    assert find_codes(real, collapsed, 0.05) == []


def test_mean_distance_equals_the_naive_mean_over_pairs():
    images = make_images(6).astype(np.float64)
    pairs = [np.linalg.norm(images[i] - images[j]) for i in range(6) for j in range(i)]
    assert np.isclose(compute_mean_distance(images.astype(np.float32)), np.mean(pairs), rtol=1e-5)
