"""Near-duplicates: copies are found whatever happened to them, strangers stay apart, the search misses nothing."""

import io
import tracemalloc

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image

from ganoscope.data.checks import duplicates
from ganoscope.data.checks.duplicates import LEAF, MIN_CORRELATION, MIN_CORRELATION_APART, describe, find_duplicates
from ganoscope.data.checks.thumbnails import (
    THUMBNAIL_PX,
    TRANSFORMS,
    correlate,
    fold,
    make_folded_thumbnail,
    make_thumbnail,
)

ROUNDING = 1e-4
"""Of correlations, where folded thumbnails are kept in float16."""
TURN_SECOND = {
    "same": lambda picture: picture,
    "mirrored left to right": np.fliplr,
    "mirrored upside down": np.flipud,
    "turned by 180 degrees": lambda picture: np.rot90(picture, 2),
    "mirrored along the diagonal": np.transpose,
    "turned left by 90 degrees": np.rot90,
    "turned right by 90 degrees": lambda picture: np.rot90(picture, -1),
    "mirrored along the other diagonal": lambda picture: np.rot90(picture, 2).T,
}


def find(*pictures):
    return find_duplicates(np.stack([make_folded_thumbnail(np.ascontiguousarray(picture)) for picture in pictures]))


def cluster(*pictures):
    return find(*pictures).clusters.tolist()


def through_jpeg(pixels, quality):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def normalise(vectors):
    vectors = vectors - vectors.mean(axis=1, keepdims=True)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)


def round_folded(thumbnails):
    return fold(thumbnails.astype(np.float32)).astype(np.float16)


def search(thumbnails, apart=None):
    return find_duplicates(round_folded(thumbnails), apart)


def turn(thumbnails, name):
    squares = thumbnails.reshape(-1, THUMBNAIL_PX, THUMBNAIL_PX)
    return np.stack([TURN_SECOND[name](square).ravel() for square in squares])


def all_correlations(thumbnails):
    """Of every pair under every transform of the second, in float64: shape (8, N, N)."""
    vectors = thumbnails.astype(np.float64)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return np.stack([vectors @ turn(vectors, name).T for name in TRANSFORMS])


def brute_force(thumbnails, apart=None):
    """Kruskal's algorithm over all pairs: the clusters, and the sorted correlations of a maximum spanning forest."""
    best = all_correlations(thumbnails).max(axis=0)
    apart = np.full(len(best), -1) if apart is None else apart
    differ = (apart[:, None] != apart) & (apart[:, None] >= 0) & (apart >= 0)
    least = np.where(differ, MIN_CORRELATION_APART, MIN_CORRELATION)
    assume(np.abs(best - least).min() > ROUNDING)  # no tie that float16 could decide otherwise
    parents, used = list(range(len(best))), []

    def root(index):
        return index if parents[index] == index else root(parents[index])

    first, second = np.nonzero(np.triu(best >= least, 1))
    for i, j in sorted(zip(first, second, strict=True), key=lambda pair: -best[pair]):
        if root(i) != root(j):
            parents[root(i)] = root(j)
            used.append(best[i, j])
    numbers: dict[int, int] = {}
    return [numbers.setdefault(root(index), len(numbers)) for index in range(len(best))], sorted(used)


def draw_families(count, families, noise, seed):
    """Thumbnails that resemble each other more or less, each in one of the eight positions, in random order."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((families, 1, 1024)) * np.where(np.arange(1024) % 3, 0.1, 1)
    points = centres[rng.integers(families, size=count), 0] + noise * rng.standard_normal((count, 1024))
    names = rng.choice(TRANSFORMS, size=count)
    return np.concatenate([turn(point[None], name) for point, name in zip(normalise(points), names, strict=True)])


# ---- what counts as a copy


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16"])
def test_planted_copies_are_found_among_strangers(smooth, dtype):
    pictures = [smooth(seed, (64, 64), dtype) for seed in range(6)]
    assert cluster(*pictures, pictures[4], pictures[1], pictures[4]) == [0, 1, 2, 3, 4, 5, 4, 1, 4]


@pytest.mark.parametrize("quality", [20, 60, 95])
def test_jpeg_copies_are_found(smooth, quality):
    pictures = [smooth(seed, (64, 64)) for seed in range(4)]
    assert cluster(*pictures, *(through_jpeg(picture, quality) for picture in pictures)) == [0, 1, 2, 3] * 2


@pytest.mark.parametrize(("gain", "offset"), [(1.0, 60), (0.5, 0), (0.3, 100), (0.05, 200), (1.2, 0), (1.0, -40)])
def test_brightness_and_contrast_do_not_hide_a_copy_even_when_clipped(smooth, gain, offset):
    first, second = smooth(0, (64, 64)), smooth(1, (64, 64))
    assert cluster(first, second, np.rint(first * gain + offset).clip(0, 255).astype(np.uint8)) == [0, 1, 0]


@pytest.mark.parametrize("gamma", [0.8, 1.25])
def test_gamma_does_not_hide_a_copy(smooth, gamma):
    first, second = smooth(0, (64, 64)), smooth(1, (64, 64))
    assert cluster(first, second, np.rint(255 * (first / 255) ** gamma).astype(np.uint8)) == [0, 1, 0]


def test_copies_of_other_bit_depth_and_size_are_found(smooth):
    small = smooth(0, (64, 64))
    large = np.repeat(np.repeat(small, 2, axis=0), 2, axis=1).astype(np.uint16) * 256
    assert cluster(small, smooth(1, (64, 64)), large, small.astype(np.int16) - 1024) == [0, 1, 0, 0]


@pytest.mark.parametrize("shape", [(64, 64), (48, 80)])
@pytest.mark.parametrize("name", TRANSFORMS)
def test_mirrored_and_turned_copies_are_found_and_named_by_what_undoes_it(smooth, name, shape):
    original, stranger = smooth(0, shape), smooth(1, shape)
    undone = next(
        other for other in TRANSFORMS if np.array_equal(TURN_SECOND[other](TURN_SECOND[name](original)), original)
    )
    found = find(original, stranger, TURN_SECOND[name](original))
    assert found.clusters.tolist() == [0, 1, 0]
    assert (found.first.tolist(), found.second.tolist()) == ([0], [2])
    assert [TRANSFORMS[code] for code in found.transform] == [undone]
    assert found.correlation == pytest.approx([1], abs=2e-3)  # 48 and 80 pixels do not divide evenly among 32


def test_the_transform_turns_the_second_into_the_first_wherever_the_pair_lies():
    thumbnails = draw_families(3 * LEAF, 60, 0.03, seed=5)
    found = search(thumbnails)
    correlations = all_correlations(thumbnails)
    assert len(found.first) > 2 * LEAF
    assert set(found.transform.tolist()) == set(range(8))
    assert (found.first < found.second).all()
    stated = correlations[found.transform, found.first, found.second]
    assert stated == pytest.approx(found.correlation, abs=2e-5)
    assert correlations.max(axis=0)[found.first, found.second] == pytest.approx(found.correlation, abs=2e-5)


def test_symmetric_pictures_are_called_the_same_though_noise_makes_the_mirrored_one_fit_a_hair_better(smooth):
    half = smooth(0, (64, 32), "uint16")
    first = np.hstack([half, half[:, ::-1]])
    first[20:24, 10:14] += 500
    assert find(first, smooth(1, (64, 64)), first[:, ::-1]).transform == [0]


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
    assert (thumbnail.shape, thumbnail.dtype) == ((THUMBNAIL_PX**2,), np.float32)
    assert np.linalg.norm(thumbnail.astype(np.float64)) == pytest.approx(1, abs=2e-3)
    assert thumbnail.astype(np.float64).sum() == pytest.approx(0, abs=2e-2)


def pair_of_correlation(correlation):
    first, second = np.linalg.qr(np.random.default_rng(0).standard_normal((1024, 2)))[0].T
    return np.stack([first, correlation * first + np.sqrt(1 - correlation**2) * second]).astype(np.float16)


@pytest.mark.parametrize(
    ("patients", "correlation", "joined"),
    [
        ((1, 2), 0.985, False),
        ((1, 2), 0.995, True),
        ((1, 1), 0.985, True),
        ((-1, 2), 0.985, True),
        ((0, -1), 0.985, True),
        ((-1, -1), 0.985, True),
        ((0, 0), 0.97, False),
    ],
)
def test_films_of_two_known_patients_must_be_more_alike(patients, correlation, joined):
    found = search(pair_of_correlation(correlation), np.array(patients))
    assert (found.clusters.tolist() == [0, 0]) is joined


# ---- the search


@given(st.integers(1, 60), st.integers(1, 8), st.sampled_from([0.02, 0.05, 0.08, 0.1]), st.integers(0, 999))
@settings(max_examples=40, deadline=None)
def test_clusters_and_links_equal_brute_force_whatever_the_leaves(count, families, noise, seed):
    thumbnails = draw_families(count, families, noise, seed)
    apart = np.random.default_rng(seed).integers(-1, 3, count)
    clusters, correlations = brute_force(thumbnails, apart)
    for leaf, columns, pending, coordinates, length in (
        (128, 1024, 1 << 18, 192, 64),
        (5, 3, 7, 9, 4),
        (1, 1, 1, 1, 1),
    ):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(duplicates, "LEAF", leaf)
            patch.setattr(duplicates, "COLUMNS", columns)
            patch.setattr(duplicates, "PENDING", pending)
            patch.setattr(duplicates, "COORDINATES", coordinates)
            patch.setattr(duplicates, "LENGTH", length)
            found = search(thumbnails, apart)
        assert found.clusters.tolist() == clusters
        assert sorted(found.correlation) == pytest.approx(correlations, abs=ROUNDING)


@given(st.integers(0, 999), st.sampled_from([1e-3, 2e-4, -2e-4, -1e-3]))
@settings(max_examples=30, deadline=None)
def test_pairs_beside_the_threshold_are_told_apart(seed, margin):
    rng = np.random.default_rng(seed)
    frame = np.linalg.qr(np.column_stack([np.ones(1024), rng.standard_normal((1024, 40))]))[0].T[1:].reshape(2, 20, -1)
    correlation = MIN_CORRELATION + margin
    seconds = correlation * frame[0] + np.sqrt(1 - correlation**2) * frame[1]
    thumbnails = np.concatenate([frame[0], turn(seconds, rng.choice(TRANSFORMS))]).astype(np.float16)
    assert search(thumbnails).clusters.tolist() == [*range(20), *(range(20) if margin > 0 else range(20, 40))]


@given(st.integers(2, 40), st.integers(0, 999))
@settings(max_examples=30, deadline=None)
def test_descriptors_never_lie_farther_apart_than_the_best_turned_thumbnails(count, seed):
    thumbnails = draw_families(count, 3, 0.3, seed)
    descriptors = describe(round_folded(thumbnails), np.arange(count))
    apart = np.linalg.norm(descriptors[:, None] - descriptors, axis=2)
    assert (apart <= np.sqrt(np.maximum(2 - 2 * all_correlations(thumbnails).max(axis=0), 0)) + duplicates.SLACK).all()


def test_folding_keeps_lengths_and_all_eight_correlations():
    thumbnails = draw_families(12, 3, 0.2, 0)
    folded = fold(normalise(thumbnails.astype(np.float32)).astype(np.float32))
    assert np.linalg.norm(folded, axis=1) == pytest.approx(1, abs=1e-3)
    folded = duplicates.normalise(folded)
    assert correlate(folded, folded) == pytest.approx(all_correlations(thumbnails), abs=1e-5)


@given(st.permutations(range(40)), st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_clusters_do_not_depend_on_the_order_of_the_pictures(order, seed):
    thumbnails = draw_families(40, 6, 0.05, seed)
    brute_force(thumbnails)  # leaves out ties
    expected, found = search(thumbnails).clusters[order], search(thumbnails[order]).clusters
    assert ((expected[:, None] == expected) == (found[:, None] == found)).all()


def test_two_searches_give_the_same_bits():
    thumbnails = draw_families(300, 40, 0.05, 2)
    first, second = search(thumbnails), search(thumbnails.copy())
    for name in ("clusters", "first", "second", "transform", "correlation"):
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_pictures(count):
    thumbnail = draw_families(1, 1, 0, 0)
    found = search(np.repeat(thumbnail, count, axis=0))
    assert found.clusters.tolist() == [0] * count
    assert (found.clusters.dtype, found.first.dtype, found.second.dtype) == (np.int32, np.int64, np.int64)
    assert (found.transform.dtype, found.correlation.dtype) == (np.int8, np.float32)
    assert len(found.first) == max(count - 1, 0)


def test_a_crowd_of_near_equal_pictures_needs_no_memory_for_its_pairs():
    count = 10_000
    rng = np.random.default_rng(0)
    centre = rng.standard_normal(1024)
    thumbnails = np.concatenate(
        [normalise(centre + 0.05 * rng.standard_normal((1000, 1024))) for _ in range(count // 1000)]
    )
    folded = round_folded(thumbnails)
    tracemalloc.start()
    found = find_duplicates(folded)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert not found.clusters.any()
    assert len(found.first) == count - 1
    assert peak < 150e6  # its 5e7 pairs would take 1 GB


def test_identical_pictures_stay_linked_as_such_within_a_family():
    strangers = draw_families(400, 20, 0.05, 0)
    found = search(np.concatenate([strangers, strangers[::2]]))
    copies = (found.second >= 400) & (found.first == 2 * (found.second - 400))
    assert copies.sum() == 200


def test_clusters_and_links_are_in_order_also_from_disk(tmp_path):
    thumbnails = draw_families(60, 5, 0.02, 3)
    round_folded(thumbnails).tofile(tmp_path / "thumbnails.bin")
    mapped = np.memmap(tmp_path / "thumbnails.bin", np.float16, "r", shape=thumbnails.shape)
    found = find_duplicates(mapped)
    assert found.clusters.tolist() == search(thumbnails).clusters.tolist()
    _, first = np.unique(found.clusters, return_index=True)
    assert (np.diff(first) > 0).all()
    assert found.clusters.max() == 4
    places = found.clusters[found.first]
    assert (places == found.clusters[found.second]).all()
    assert (np.diff(places) >= 0).all()
    for number in range(5):
        assert (np.diff(found.correlation[places == number]) <= 0).all()


@pytest.mark.parametrize("seed", range(5))
def test_a_pair_whose_whole_difference_shows_in_the_descriptor_is_found_at_the_threshold(seed):
    """Pictures with all eight symmetries: nothing is lost with signs and order, so the radius is put to the test."""
    rng = np.random.default_rng(seed)
    raw = rng.standard_normal((2, 1024))
    drawn = np.sum([turn(raw, name) for name in TRANSFORMS], axis=0)
    first, second = np.linalg.qr((drawn - drawn.mean(axis=1, keepdims=True)).T)[0].T
    correlation = MIN_CORRELATION + 2e-4
    thumbnails = np.stack([first, correlation * first + np.sqrt(1 - correlation**2) * second]).astype(np.float16)
    assert np.linalg.norm(np.diff(describe(round_folded(thumbnails), np.arange(2)), axis=0)) > 0.99 * np.sqrt(
        2 - 2 * correlation
    )
    assert search(thumbnails).clusters.tolist() == [0, 0]


def test_slices_of_two_volumes_are_joined_only_where_they_are_copies():
    rng = np.random.default_rng(5)
    outline = np.hypot(*np.mgrid[-1:1:64j, -1:1:64j]) < 0.7
    bodies = [outline * (100 + 12 * rng.standard_normal((64, 64))) for _ in range(3)]
    slices = [body + rng.normal(0, 0.1, body.shape) for body in bodies for _ in range(3)]
    folded = np.stack([make_folded_thumbnail(picture) for picture in [*slices, slices[0]]])
    volumes = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2, 3])
    apart = find_duplicates(folded, volumes=volumes)
    assert len(set(apart.clusters.tolist())) == 3
    assert apart.clusters[0] == apart.clusters[9]  # the copy in volume 3
    together = find_duplicates(folded)
    assert len(set(together.clusters.tolist())) == 1  # outlines alone make them alike
