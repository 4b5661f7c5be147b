"""Nearest synthetic and real images: against plain loops, in blocks or at once, patients apart."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from ganoscope.evaluate.attacks import nearest_images
from ganoscope.evaluate.attacks.nearest_images import (
    NEAREST,
    describe_band,
    estimate_log_density,
    find_distances,
    place_images,
    shrink,
)


def draw(count, seed, side=32):
    rng = np.random.default_rng(seed)
    return gaussian_filter(rng.normal(size=(count, 1, side, side)), (0, 0, 2, 2)).astype(np.float32)


@pytest.fixture
def images():
    return draw(40, 0)


def test_distances_are_those_of_plain_loops_and_do_not_depend_on_blocks(images, monkeypatch):
    groups, synthetic = np.arange(40) // 2, draw(30, 1)
    placed = place_images(images)
    whole = find_distances(placed, groups, [synthetic])
    for number, (space, place) in enumerate(zip(placed.spaces, placed.places, strict=True)):
        others = space.project(synthetic)
        for i in range(40):
            to_synthetic = np.sort(np.linalg.norm(others - place[i], axis=1))[:NEAREST]
            to_real = np.sort(np.linalg.norm(place[groups != groups[i]] - place[i], axis=1))[:NEAREST]
            assert whole.synthetic[number, i] == pytest.approx(to_synthetic)
            assert whole.real[number, i] == pytest.approx(to_real)
    monkeypatch.setattr(nearest_images, "BLOCK", 7)
    parts = find_distances(placed, groups, np.split(synthetic, [1, 12]))
    assert parts.synthetic == pytest.approx(whole.synthetic)
    assert parts.real == pytest.approx(whole.real)


def test_real_images_vary_alike_in_all_large_directions(images):
    for place in place_images(images).places:
        spread = place.std(0)
        assert spread[:10] == pytest.approx(np.ones(10), rel=1e-6)
        assert (spread < 1 + 1e-6).all()


def test_a_copy_lies_at_no_distance_and_has_the_largest_density(images):
    synthetic = np.concatenate([draw(20, 1), images[3:4]])
    density = estimate_log_density(find_distances(place_images(images), np.arange(40), [synthetic]).synthetic[:, :, 0])
    assert density.argmax() == 3
    assert np.isfinite(density).all()


def test_middle_frequencies_ignore_brightness_and_contrast_and_coarse_values_do_not(images):
    changed = 0.5 * images[:, 0] + 0.3
    assert describe_band(changed) == pytest.approx(describe_band(images[:, 0]), abs=1e-4)
    assert shrink(changed, 16) == pytest.approx(0.5 * shrink(images[:, 0], 16) + 0.3, abs=1e-6)
    assert (describe_band(np.ones((1, 32, 32), np.float32)) == 0).all()


def test_odd_sides_are_averaged_too():
    small = shrink(np.full((2, 40, 40), 0.25, np.float32), 16)
    assert small.shape == (2, 256)
    assert small == pytest.approx(np.full((2, 256), 0.25))
