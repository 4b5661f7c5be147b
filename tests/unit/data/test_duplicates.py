"""Near-duplicates: copies are found whatever happened to them, strangers stay apart, blocks change nothing."""

import io

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image

from ganoscope.data import duplicates
from ganoscope.data.duplicates import MIN_CORRELATION, THUMBNAIL_PX, find_clusters, find_pairs, make_thumbnail


def cluster(*pictures):
    return find_clusters(np.stack([make_thumbnail(picture) for picture in pictures])).tolist()


def through_jpeg(pixels, quality):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16"])
def test_planted_copies_are_found_among_strangers(smooth, dtype):
    pictures = [smooth(seed, (64, 64), dtype) for seed in range(6)]
    assert cluster(*pictures, pictures[4], pictures[1], pictures[4]) == [0, 1, 2, 3, 4, 5, 4, 1, 4]


@pytest.mark.parametrize("quality", [20, 60, 95])
def test_jpeg_copies_are_found(smooth, quality):
    pictures = [smooth(seed, (64, 64)) for seed in range(4)]
    assert cluster(*pictures, *(through_jpeg(picture, quality) for picture in pictures)) == [0, 1, 2, 3] * 2


@pytest.mark.parametrize(("gain", "offset"), [(1.0, 60), (0.5, 0), (0.3, 100), (0.05, 200)])
def test_brightness_and_contrast_do_not_hide_a_copy(smooth, gain, offset):
    first, second = smooth(0, (64, 64)), smooth(1, (64, 64))
    assert cluster(first, second, np.rint(first * gain + offset).clip(0, 255).astype(np.uint8)) == [0, 1, 0]


def test_copies_of_other_bit_depth_and_size_are_found(smooth):
    small = smooth(0, (64, 64))
    large = np.repeat(np.repeat(small, 2, axis=0), 2, axis=1)
    assert cluster(small, smooth(1, (64, 64)), large.astype(np.uint16) * 256, small.astype(np.int16) - 1024) == [
        0,
        1,
        0,
        0,
    ]


def test_negative_is_no_copy(smooth):
    picture = smooth(0, (64, 64))
    assert cluster(picture, 255 - picture) == [0, 1]


@pytest.mark.parametrize(("wavelength", "found"), [(6, True), (40, False)])
def test_shift_by_a_pixel_is_found_exactly_when_the_correlation_says_so(smooth, wavelength, found):
    wide = smooth(2, (64, 65), wavelength=wavelength)
    first, second = wide[:, :-1], wide[:, 1:]
    means = [half.reshape(32, 2, 32, 2).mean(axis=(1, 3)).ravel() for half in (first, second)]
    correlation = np.corrcoef(means)[0, 1]
    assert abs(correlation - MIN_CORRELATION) > 0.002  # a clear case
    assert (correlation >= MIN_CORRELATION) is np.bool_(found)
    assert (cluster(first, second) == [0, 0]) is found


def test_different_pictures_are_not_joined(smooth):
    count = 150
    assert cluster(*(smooth(seed, (64, 64)) for seed in range(count))) == list(range(count))


@pytest.mark.parametrize("value", [0, 255])
def test_constant_pictures_join_nobody(smooth, value):
    constant = np.full((64, 64), value, np.uint8)
    assert not make_thumbnail(constant).any()
    assert cluster(constant, constant, smooth(0, (64, 64)), constant) == [0, 1, 2, 3]


@pytest.mark.parametrize("value", [0, 1, 40_001, 65_535])
@pytest.mark.parametrize("size", [33, 50, 64, 100])
def test_constant_pictures_leave_no_rounding_noise_to_compare(value, size):
    assert not make_thumbnail(np.full((size, size), value, np.uint16)).any()


def test_chains_join(smooth):
    first, second = smooth(0, (64, 64)).astype(float), smooth(1, (64, 64)).astype(float)
    steps = [first + share * (second - first) for share in np.linspace(0, 1, 30)]
    assert cluster(*steps) == [0] * 30
    assert cluster(steps[0], steps[-1]) == [0, 1]


def test_thumbnail_is_normalised(smooth):
    thumbnail = make_thumbnail(smooth(0, (64, 64), "uint16"))
    assert (thumbnail.shape, thumbnail.dtype) == ((THUMBNAIL_PX**2,), np.float16)
    assert np.linalg.norm(thumbnail.astype(np.float64)) == pytest.approx(1, abs=2e-3)
    assert thumbnail.astype(np.float64).sum() == pytest.approx(0, abs=2e-2)


def draw_thumbnails(count, families, noise, seed):
    """Families of pictures that resemble each other more or less, in random order."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((families, 40))
    points = centres[rng.integers(families, size=count)] + noise * rng.standard_normal((count, 40))
    points = points - points.mean(axis=1, keepdims=True)
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float16)


def brute_force_clusters(thumbnails):
    """Union-find over all pairs, in float64."""
    vectors = thumbnails.astype(np.float64)
    correlations = vectors @ vectors.T
    assume(np.abs(correlations - MIN_CORRELATION).min() > 1e-5)  # no tie that float32 could decide otherwise
    parents = list(range(len(vectors)))

    def root(index):
        return index if parents[index] == index else root(parents[index])

    for first in range(len(vectors)):
        for second in range(first):
            if correlations[first, second] >= MIN_CORRELATION:
                parents[root(first)] = root(second)
    numbers: dict[int, int] = {}
    return [numbers.setdefault(root(index), len(numbers)) for index in range(len(vectors))]


@given(st.integers(1, 45), st.integers(1, 8), st.sampled_from([0.05, 0.12, 0.16, 0.3]), st.integers(0, 999))
@settings(max_examples=60, deadline=None)
def test_clusters_equal_brute_force_whatever_the_block(count, families, noise, seed):
    thumbnails = draw_thumbnails(count, families, noise, seed)
    expected = brute_force_clusters(thumbnails)
    with pytest.MonkeyPatch.context() as patch:
        for block in (1024, 7, 1):
            patch.setattr(duplicates, "BLOCK", block)
            assert find_clusters(thumbnails).tolist() == expected


def test_every_pair_is_yielded_once_whatever_the_block(monkeypatch):
    thumbnails = draw_thumbnails(40, 4, 0.1, 1)
    found = []
    for block in (1024, 9):
        monkeypatch.setattr(duplicates, "BLOCK", block)
        pairs = [
            (int(a), int(b)) for firsts, seconds in find_pairs(thumbnails) for a, b in zip(firsts, seconds, strict=True)
        ]
        assert len(pairs) == len(set(pairs)) > 20
        assert all(first < second for first, second in pairs)
        found.append(set(pairs))
    assert found[0] == found[1]


def test_clusters_are_numbered_by_first_appearance_also_from_disk(tmp_path):
    thumbnails = draw_thumbnails(60, 5, 0.05, 3)
    thumbnails.tofile(tmp_path / "thumbnails.bin")
    mapped = np.memmap(tmp_path / "thumbnails.bin", np.float16, "r", shape=thumbnails.shape)
    clusters = find_clusters(mapped)
    assert clusters.tolist() == find_clusters(thumbnails).tolist()
    _, first = np.unique(clusters, return_index=True)
    assert (np.diff(first) > 0).all()
    assert clusters.max() == 4
