"""Copies lead to their originals, whole and in part, however they were altered; the search equals its definition."""

import io
import tempfile
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import affine_transform, gaussian_filter

from ganoscope.copies import candidate_members as candidates
from ganoscope.copies import matches, planted, views
from ganoscope.copies.bands import (
    AROUND_PX,
    BAND_PX,
    COARSE_PX,
    FINE_PX,
    FLOOR,
    find_picture,
    halve,
    make_bands,
    make_pictures,
)
from ganoscope.copies.compared_regions import REGIONS
from ganoscope.copies.member_index import make_index
from ganoscope.copies.views import View, turn
from ganoscope.copies.whitening import fit_whitening

RNG = np.random.default_rng(0)
COUNT = 80
IMAGES = np.tanh(gaussian_filter(RNG.normal(0, 1, (COUNT, 64, 64)), (0, 2.5, 2.5)) * 8).astype(np.float32)
CHOSEN = np.arange(0, COUNT, 16)
FEW = candidates.Views(views.list_views((-3, 0, 3), (1.0, 0.86)), views.list_views((0,), (1.0,)))


@pytest.fixture(scope="module")
def index():
    return make_index(lambda at: IMAGES[at], np.arange(COUNT))


def find(index, images, used=FEW):
    blocks = list(matches.find_matches(index, lambda at: images[at], np.arange(len(images)), used))
    return {extent: matches.join_matches(blocks, extent) for extent in matches.EXTENTS}


def naive_scale(image, factor, mode):
    return affine_transform(image, (1 / factor,) * 2, 31.5 * (1 - 1 / factor), order=1, mode=mode)


def naive_cover(image, reduction):
    return naive_scale(np.ones((64, 64)), reduction, "constant") > 0.5


def naive_band(image, reduction=1.0):
    """The band of an image without margins, made smaller about its centre, by other functions than the package's."""
    small = naive_scale(image.astype(float), reduction, "nearest")
    fine, coarse = (gaussian_filter(small, width, mode="nearest") for width in (FINE_PX, COARSE_PX))
    band = (fine - coarse) * naive_cover(image, reduction)
    strength = gaussian_filter(band**2, AROUND_PX, mode="nearest")
    return band / np.sqrt(strength + FLOOR * strength.mean())


def naive_view(image, view, make=naive_band):
    """A band, or what it covers, in a view, halved."""
    turned, moved = turn(make(image, view.reduction), view.transform), np.zeros((64, 64))
    for row in range(64):
        for column in range(64):
            if 0 <= row - view.down < 64 and 0 <= column - view.right < 64:
                moved[row, column] = turned[row - view.down, column - view.right]
    return moved.reshape(32, 2, 32, 2).mean((1, 3))


CHANGES = {
    "mirrored": lambda x: x[:, :, ::-1],
    "turned": lambda x: np.rot90(x, 1, (1, 2)),
    "inverted": lambda x: -x,
    "shifted": lambda x: np.roll(x, (4, -2), (1, 2)),
    "gamma": lambda x: ((x + 1) / 2) ** 2 * 2 - 1,
    "noise": lambda x: x + np.random.default_rng(1).normal(0, 0.1, x.shape),
    "blend": lambda x: 0.6 * x + 0.4 * IMAGES[CHOSEN + 7],
    "planted": lambda x: np.stack([planted.alter(one, np.random.default_rng(i)) for i, one in enumerate(x)]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_an_altered_copy_leads_to_its_original(index, name):
    found = find(index, np.ascontiguousarray(CHANGES[name](IMAGES[CHOSEN]), np.float32))["whole"]
    if name == "blend":
        assert np.all((found.position[:, None] == np.stack([CHOSEN, CHOSEN + 7], 1)).any(1))
    else:
        assert np.array_equal(found.position, CHOSEN)
    assert np.all((found.correlation < 0) == (name == "inverted"))
    strangers = np.tanh(gaussian_filter(np.random.default_rng(9).normal(0, 1, (8, 64, 64)), (0, 2.5, 2.5)) * 8)
    assert found.score.min() > find(index, strangers.astype(np.float32))["whole"].score.max()


def test_a_pasted_patch_leads_to_the_image_it_was_taken_from(index):
    strangers = np.tanh(gaussian_filter(np.random.default_rng(5).normal(0, 1, (5, 64, 64)), (0, 2.5, 2.5)) * 8)
    hosts = strangers.astype(np.float32)
    untouched = find(index, hosts)["part"].score
    hosts[:, 12:38, 20:46] = IMAGES[CHOSEN, 12:38, 20:46]
    found = find(index, hosts)
    assert np.array_equal(found["part"].position, CHOSEN)
    assert found["part"].score.min() > untouched.max()
    for number in found["part"].region:
        region = REGIONS[number]
        assert 4 <= region.top <= 20 and 8 <= region.left <= 24


def test_candidates_are_those_of_comparing_every_pair_in_every_view(index):
    images, used = IMAGES[:3] * 0.7 + IMAGES[10:13] * 0.3, (*FEW.whole[:8], *FEW.whole[-4:])
    found = candidates.find_candidates(index, make_pictures(images), [0], used)
    region, matrix = REGIONS[0], index.whitenings[0].matrix.astype(np.float64)
    real = [region.cut(naive_band(image).reshape(1, 32, 2, 32, 2).mean((2, 4)))[0] @ matrix for image in IMAGES]
    for query, image in enumerate(images):
        best = np.zeros(COUNT)
        for view in used:
            moved = region.cut(naive_view(image, view)[None])[0] @ matrix
            for position in range(COUNT):
                cosine = abs(moved @ real[position]) / np.linalg.norm(moved) / np.linalg.norm(real[position])
                best[position] = max(best[position], cosine)
        order = np.argsort(-best)
        assert found.positions[query, 0, 0] == order[0]
        np.testing.assert_allclose(found.similarities[query, 0, :5], np.arctanh(best[order[:5]]), atol=5e-3)
        assert found.usual[query, 0] == pytest.approx(np.arctanh(np.sort(best)[COUNT // 2]), abs=5e-3)


@pytest.mark.parametrize("columns", [3, 16, 100, 1000, 1007])
def test_the_largest_values_are_those_of_sorting_all(columns):
    values = np.random.default_rng(columns).normal(0, 1, (7, columns)).astype(np.float32)
    found = np.take_along_axis(values, candidates.find_largest(values, 16), axis=1)
    np.testing.assert_array_equal(np.sort(found, axis=1), np.sort(values, axis=1)[:, -16:])


def test_images_of_the_same_group_are_no_rivals():
    found = candidates.Candidates(
        *(np.zeros((1, 1, 4), np.int64) for _ in range(2)),
        np.array([[[3.0, 2.0, 1.0, 0.5]]], np.float32),
        *(np.full((1, 1), value, np.float32) for value in (0.1, 1.0)),
    )
    rivals = matches.measure_rivals(found, np.array([[[7, 7, 8, 9]]]))
    assert rivals[0, 0].tolist() == pytest.approx([1.0, 1.0, 2.0, 2.0])
    assert matches.measure_rivals(found, np.full((1, 1, 4), 7))[0, 0].tolist() == pytest.approx([0.1] * 4)


def test_empty_images_resemble_nothing(index):
    found = find(index, np.zeros((2, 64, 64), np.float32))
    assert np.all(found["whole"].score <= 0) and np.all(found["part"].score <= 0)
    assert np.all(make_bands(np.full((1, 64, 64), 0.3, np.float32)) == 0)


def test_a_view_is_what_it_describes():
    used = [View(5, 3, -6), View(5, -4, 1), View(2, 0, 3, 0.86), View(7, 8, -8, 1.03)]
    for view, moved in zip(used, views.apply_all(used, make_pictures(IMAGES[:1])), strict=True):
        np.testing.assert_allclose(moved[0], naive_view(IMAGES[0], view), atol=2e-4)


def test_the_close_look_is_the_best_position_of_all_that_are_tried(index):
    used = (View(3, 3, -3, 0.86), View(4, 0, 3))
    rows = [np.array([[0, 5], [9, 7]]), np.array([[0, 1], [1, 0]])]
    pairs = matches.Pairs(*rows, np.zeros((2, 2), np.int64), np.zeros((2, 2)), np.ones((2, 2)))
    cosines, correlations = matches.look_closely(index, make_pictures(IMAGES[:2]), pairs, used)
    region, matrix = REGIONS[0], index.whitenings[0].matrix.astype(np.float64)
    for row in range(2):
        for column in range(2):
            real = naive_band(IMAGES[rows[0][row, column]]).reshape(1, 32, 2, 32, 2).mean((2, 4))
            best = []
            for factor, down, right in product(matches.FACTORS, (-1, 0, 1), (-1, 0, 1)):
                view = used[rows[1][row, column]]
                covered = naive_view(IMAGES[row], replace(view, reduction=view.reduction * factor), naive_cover)
                nudged = View(view.transform, view.down + down, view.right + right, view.reduction * factor)
                one, other = region.cut(naive_view(IMAGES[row], nudged)[None])[0], region.cut(real * covered)[0]
                cosine = (one @ matrix) @ (other @ matrix)
                cosine /= np.linalg.norm(one @ matrix) * np.linalg.norm(other @ matrix)
                best.append((abs(cosine), cosine, one @ other))
            assert cosines[row, column] == pytest.approx(max(best)[1], abs=5e-3)
            assert correlations[row, column] == pytest.approx(max(best)[2], abs=2e-2)


def test_bands_ignore_brightness_and_contrast_and_come_in_one_size():
    one, other = make_bands(IMAGES[:2]), make_bands(IMAGES[:2] * 0.4 + 0.3)
    np.testing.assert_allclose(one, other, atol=0.02)
    assert halve(make_bands(np.ones((1, 100, 100), np.float32))).shape == (1, BAND_PX, BAND_PX)


def test_whitened_coordinates_have_equal_moments():
    vectors = (RNG.normal(0, 1, (4000, 6)) * [5, 4, 3, 2, 1, 0.1]).astype(np.float32)
    white = vectors @ fit_whitening(vectors, 2).matrix
    moments = white.T @ white / len(white)
    assert abs(moments[0, 1]) < 1e-3
    assert moments[0, 0] == pytest.approx(moments[1, 1], rel=0.15)


def test_pictures_of_one_shape_have_nothing_in_common_for_their_margins():
    wide = np.full((2, 64, 64), -1, np.float32)
    wide[:, 20:44] = IMAGES[:2, 20:44]
    noisy = wide + np.random.default_rng(3).normal(0, 0.05, wide.shape).astype(np.float32)
    for images in (wide, noisy):
        bands = make_bands(images).reshape(2, 64, 64)
        assert np.all(bands[:, :18] == 0) and np.all(bands[:, 46:] == 0)
        assert abs(np.corrcoef(bands[0].ravel(), bands[1].ravel())[0, 1]) < 0.2
    assert np.all(make_bands(np.full((1, 64, 64), 0.3, np.float32)) == 0)
    assert np.array_equal(find_picture(IMAGES[:3]), np.ones((3, 64, 64), bool))


@pytest.mark.parametrize("size", [28, 100, 128])
def test_images_of_any_size_are_compared(size):
    images = np.tanh(gaussian_filter(RNG.normal(0, 1, (20, size, size)), (0, size / 24, size / 24)) * size / 6)
    images = images.astype(np.float32)
    index = make_index(lambda at: images[at], np.arange(20))
    noisy = images + RNG.normal(0, 0.05, images.shape).astype(np.float32)
    assert np.array_equal(find(index, noisy)["whole"].position, np.arange(20))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device on this system")
def test_a_full_disk_is_an_error_and_no_bus_error(monkeypatch):
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: io.FileIO("/dev/full", "r+"))
    with pytest.raises(OSError, match="No space left on device"):
        make_index(lambda at: IMAGES[at], np.arange(COUNT))
