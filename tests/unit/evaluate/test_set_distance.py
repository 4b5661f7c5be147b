"""The controls that both distances must pass on phantoms, in a small random network's features; and their records."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from ganoscope.data.phantoms import make_phantoms
from ganoscope.errors import UserError
from ganoscope.evaluate import set_distance as distance
from ganoscope.evaluate.features import Features, extract_features, make_random_extractor
from ganoscope.evaluate.fidelity import frechet_distance, kernel_distance
from ganoscope.evaluate.fidelity.frechet_distance import measure_frechet_distance
from ganoscope.evaluate.fidelity.kernel_distance import measure_kernel_distance
from ganoscope.evaluate.set_distance import draw_weights, split_halves

both = pytest.mark.parametrize("metric", [frechet_distance, kernel_distance], ids=["frechet", "kernel"])
full = pytest.mark.parametrize("measure", [measure_frechet_distance, measure_kernel_distance])
EXTRACTOR = make_random_extractor()


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    monkeypatch.setattr(distance, "DISTANCE_RESAMPLES", 60)
    monkeypatch.setattr(distance, "DRAWS", 30)


@pytest.fixture(scope="module")
def phantoms():
    """Two sets of phantoms of different patients: network range (N, 1, 32, 32), patients, labels."""
    drawn = list(make_phantoms("mri", 480, 32, seed=0))
    images = np.stack([phantom.pixels for phantom in drawn]).astype(np.float32)[:, None] / 127.5 - 1
    columns = (images, *(np.array([getattr(item, name) for item in drawn]) for name in ("patient", "label")))
    patients = columns[1]
    first = np.isin(patients, np.unique(patients)[::2])
    return tuple(tuple(column[part] for column in columns) for part in (first, ~first))


@pytest.fixture(scope="module")
def real(phantoms):
    """Features of the second set, the reference."""
    return describe(*phantoms[1][:2])


def describe(images, patients=None):
    return extract_features(EXTRACTOR, [images.astype(np.float32)], patients)


def blur(images, sigma):
    return gaussian_filter(images, (0, 0, sigma, sigma))


def add_noise(images, deviation):
    return (images + deviation * np.random.default_rng(0).standard_normal(images.shape)).clip(-1, 1)


@both
@pytest.mark.parametrize(("spoil", "steps"), [(blur, (0, 0.5, 0.75, 1, 2)), (add_noise, (0, 0.05, 0.1, 0.2))])
def test_it_grows_with_every_step_of_blur_and_noise(phantoms, real, metric, spoil, steps):
    values = [metric.compute_set_distance(describe(spoil(phantoms[0][0], step)), real) for step in steps]
    assert all(after > 1.1 * max(before, 0) for before, after in pairwise(values)), values


@both
def test_it_grows_when_a_class_is_left_out(phantoms, metric):
    heads, (others, patients, _) = phantoms[0][0], phantoms[1]
    chests = np.stack([item.pixels for item in make_phantoms("cxr", 120, 32, seed=0)])[:, None] / 127.5 - 1
    real = describe(np.concatenate([others, chests[::2]]), np.concatenate([patients, np.arange(60).astype(str)]))
    values = [
        metric.compute_set_distance(describe(np.concatenate([heads, chests[1::2][:kept]])), real)
        for kept in (60, 30, 0)
    ]
    assert 1.2 * max(values[0], 0) < values[1] < values[2] / 1.2, values


@both
def test_it_grows_when_few_images_are_repeated(phantoms, real, metric):
    images = phantoms[0][0]
    values = [
        metric.compute_set_distance(describe(images[np.arange(len(images)) % kinds]), real) for kinds in (240, 40, 8)
    ]
    assert values[0] < values[1] < values[2], values


@full
def test_real_images_are_at_the_floor_and_blurred_ones_are_not(phantoms, real, measure):
    same, blurred = (measure(describe(blur(phantoms[0][0], sigma)), real) for sigma in (0, 0.75))
    assert same.floor.low <= same.floor.generated <= same.floor.high
    assert blurred.floor.generated > 2 * blurred.floor.high
    assert blurred.low > same.high
    assert blurred.low <= blurred.value <= blurred.high


@both
def test_the_order_of_images_changes_nothing(phantoms, real, metric):
    images = phantoms[0][0]
    first, second = (metric.compute_set_distance(describe(each), real) for each in (images, images[::-1]))
    assert first == pytest.approx(second, rel=1e-5, abs=1e-8)


@full
def test_a_peer_takes_the_place_of_the_halves(phantoms, real, measure):
    """A classifier's features of its train split differ from all others: held-out images are the floor then."""
    moved = Features(real.values + 0.3, real.groups, real.extractor, real.weights_sha256)
    generated = describe(phantoms[0][0])
    halves, peer = measure(generated, moved), measure(generated, moved, peer=real)
    assert (halves.floor.peers, peer.floor.peers) == ("halves", "peer")
    assert halves.floor.generated > 2 * halves.floor.high
    assert peer.floor.generated < 1.2 * peer.floor.real
    assert peer.floor.images == min(len(generated.values), len(real.values))


@full
def test_it_says_what_it_was_measured_with(phantoms, real, measure):
    result = measure(describe(phantoms[0][0][:60]), real)
    assert (result.generated_images, result.real_images, result.dimension) == (60, len(real.values), 112)
    assert result.real_groups == len(np.unique(phantoms[1][1]))
    assert (result.extractor, result.weights_sha256) == (EXTRACTOR.name, EXTRACTOR.weights_sha256)
    assert result.floor.images == 60
    assert result == measure(describe(phantoms[0][0][:60]), real)


@full
def test_what_can_not_be_compared_is_refused(real, measure):
    other = Features(real.values, real.groups, "another", "ffff")
    with pytest.raises(UserError, match="another and random network"):
        measure(real, other)
    with pytest.raises(UserError, match="got 3; allowed: 4 or more"):
        measure(real.take(np.arange(3)), real)
    alone = Features(real.values, np.zeros(len(real.values)), real.extractor, real.weights_sha256)
    with pytest.raises(UserError, match="too few patients for a distance: got 1; allowed: 2"):
        measure(real, alone)


def test_halves_share_no_patient_and_are_nearly_equal():
    groups = np.random.default_rng(0).integers(0, 30, 200)
    features = Features(np.arange(200.0)[:, None], groups, "", "")
    for seed in range(20):
        halves = split_halves(features, np.random.default_rng(seed))
        assert not {*halves[0].groups} & {*halves[1].groups}
        assert sorted(np.concatenate([half.values[:, 0] for half in halves])) == list(range(200))
        assert abs(len(halves[0].values) - 100) <= np.bincount(groups).max() / 2


def test_resampled_groups_stay_whole():
    groups = np.array(["a", "b", "a", "c", "b", "a"])
    weights = draw_weights(groups, seed=0)
    assert (weights[:, [0, 0, 1]] == weights[:, [2, 5, 4]]).all()
    assert weights[:, [0, 1, 3]].sum(axis=1).tolist() == [3] * len(weights)
