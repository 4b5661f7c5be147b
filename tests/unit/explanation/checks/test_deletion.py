"""Deletion and insertion on a small network whose right answer is known."""

import numpy as np
from tests.fixtures.cue import SIZE, Cue, make_cue_images

from ganoscope.explanation.checks.deletion import FRACTIONS, average, compute_curves, rank_pixels, summarise
from ganoscope.explanation.feature_attribution import grad_cam
from ganoscope.explanation.targets import why_real


def test_cue_pixels_move_the_score_more_than_random_ones():
    network, (images, _) = Cue(), make_cue_images(24)
    target = why_real(network)
    maps = grad_cam.explain(network, images, target, grad_cam.Config("body")).maps.numpy()
    groups = [str(index) for index in range(24)]
    for curves in compute_curves(network, images.numpy(), maps, target, seed=0):
        summary = summarise(curves, groups, 0)
        assert summary.gain.low > 0
        assert summary.better == {"deletion": "lower", "insertion": "higher"}[curves.kind]
        np.testing.assert_allclose(curves.by_map[:, [0, -1]], curves.by_chance[:, [0, -1]], rtol=1e-5)


def test_curves_of_empty_maps_are_left_out():
    network, (images, _) = Cue(), make_cue_images(3)
    maps = np.zeros((3, SIZE, SIZE), np.float32)
    deletion, _ = compute_curves(network, images.numpy(), maps, why_real(network), seed=0)
    assert np.isnan(deletion.by_map).all()
    assert summarise(deletion, list("abc"), 0).gain.n == 0


def test_pixels_of_equal_value_follow_in_random_order():
    places = rank_pixels(np.zeros((1, 16, 16)), seed=0)
    assert abs(np.corrcoef(places.ravel(), np.arange(256))[0, 1]) < 0.2


def test_mean_curves_are_the_means_over_images_that_have_a_map():
    network, (images, _) = Cue(), make_cue_images(4)
    maps = grad_cam.explain(network, images, why_real(network), grad_cam.Config("body")).maps.numpy()
    maps[0] = 0
    deletion, insertion = compute_curves(network, images.numpy(), maps, why_real(network), seed=0)
    for curves in (deletion, insertion):
        mean = average(curves, list("abcd"))
        assert mean.kind == curves.kind
        assert [point.n for point in mean.by_map] == [3] * len(FRACTIONS)
        np.testing.assert_allclose([point.value for point in mean.by_map], curves.by_map[1:].mean(0))
        np.testing.assert_allclose([point.value for point in mean.by_chance], curves.by_chance[1:].mean(0))
