"""The nearest image is found under shift, noise, brightness and all orientations; the border for copies is measured."""

import io
import tempfile
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, shift

from ganoscope.data.checks import copies, nearest
from ganoscope.data.store import Store
from ganoscope.errors import UserError

RNG = np.random.default_rng(0)
COUNT = 150
IMAGES = gaussian_filter(RNG.normal(0, 1, (COUNT, 48, 48)), (0, 2, 2)).astype(np.float32)
IMAGES = np.tanh(IMAGES * 6)
CHOSEN = np.arange(0, COUNT, 5)


@pytest.fixture(scope="module")
def index():
    return nearest.make_search_index(lambda positions: IMAGES[positions], COUNT)


CHANGES = {
    "none": lambda x: x,
    "brighter": lambda x: np.clip(x + 0.25, -1, 1),
    "more contrast": lambda x: np.clip(x * 1.2, -1, 1),
    "shifted, edges repeated": lambda x: np.stack([shift(image, (2, -2), mode="nearest") for image in x]),
    "shifted, black edges": lambda x: np.stack([shift(image, (-2, 2), cval=-1, order=1) for image in x]),
    "noise": lambda x: x + np.random.default_rng(1).normal(0, 0.05, x.shape),
    "mirrored": lambda x: x[:, :, ::-1],
    "turned": lambda x: np.rot90(x, 1, (1, 2)),
    "turned and mirrored": lambda x: x.transpose(0, 2, 1),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_copy_leads_to_its_original(index, name):
    changed = np.ascontiguousarray(CHANGES[name](IMAGES[CHOSEN]), np.float32)
    found = nearest.find_nearest(index, changed)
    assert np.array_equal(found.position, CHOSEN)
    assert found.correlation.min() > 0.9


def test_the_transform_turns_the_found_image_into_the_one_asked_for(index):
    for name in ("none", "mirrored", "turned", "turned and mirrored"):
        asked = np.ascontiguousarray(CHANGES[name](IMAGES[CHOSEN]))
        found = nearest.find_nearest(index, asked)
        for image, position, transform in zip(asked, found.position, found.transform, strict=True):
            assert np.array_equal(nearest.turn(IMAGES[position], transform), image)


def test_the_closest_of_all_is_found_as_by_comparing_with_every_image_in_every_way(index):
    """Says which images, and how much, from the definition alone: eight orientations, 49 shifts, plain correlation."""
    asked = IMAGES[:4] * 0.6 + IMAGES[10:14] * 0.4
    bands, others = nearest.filter_band(asked), nearest.filter_band(IMAGES)
    low, high = nearest.SHIFT_PX + nearest.BORDER_PX, nearest.SIDE_PX - nearest.SHIFT_PX - nearest.BORDER_PX
    best = np.full((4, 24), -1.0)
    for position, other in enumerate(others[:24]):
        for code in range(8):
            turned = nearest.turn(other, code)
            for dy in range(-3, 4):
                for dx in range(-3, 4):
                    window = turned[low + dy : high + dy, low + dx : high + dx].ravel().astype(np.float64)
                    for query, band in enumerate(bands):
                        middle = band[low:high, low:high].ravel().astype(np.float64)
                        best[query, position] = max(best[query, position], np.corrcoef(middle, window)[0, 1])
    found = nearest.find_nearest(nearest.make_search_index(lambda positions: IMAGES[positions], 24), asked)
    assert np.array_equal(found.position, best.argmax(axis=1))
    np.testing.assert_allclose(found.correlation, best.max(axis=1), atol=1e-6)


def test_results_do_not_depend_on_how_the_search_is_cut_into_blocks(index, monkeypatch):
    asked = np.ascontiguousarray(CHANGES["noise"](IMAGES[:21]), np.float32)
    whole = nearest.find_nearest(index, asked)
    monkeypatch.setattr(nearest, "BLOCK", 7)
    monkeypatch.setattr(nearest, "QUERIES", 4)
    cut = nearest.find_nearest(index, asked)
    assert np.array_equal(whole.position, cut.position)
    np.testing.assert_allclose(whole.correlation, cut.correlation, atol=1e-6)


def test_constant_images_resemble_nothing(index):
    found = nearest.find_nearest(index, np.zeros((2, 48, 48), np.float32))
    assert np.all(found.correlation <= 0)
    blank = nearest.make_search_index(lambda positions: np.zeros((len(positions), 48, 48), np.float32), 3)
    assert np.all(nearest.find_nearest(blank, IMAGES[:2]).correlation <= 0)


@pytest.mark.parametrize("size", [28, 64, 100, 128])
def test_images_of_any_size_are_compared(size):
    images = np.tanh(gaussian_filter(RNG.normal(0, 1, (20, size, size)), (0, size / 24, size / 24)) * size / 6)
    images = images.astype(np.float32)
    index = nearest.make_search_index(lambda positions: images[positions], 20)
    noisy = images + RNG.normal(0, 0.05, images.shape).astype(np.float32)
    assert np.array_equal(nearest.find_nearest(index, noisy).position, np.arange(20))


@pytest.mark.parametrize(("count", "share"), [(30, 1 / 31), (99, 0.01), (250, 2 / 251), (999, 0.01)])
def test_as_few_further_images_as_stated_lie_beyond_the_border(count, share):
    random = np.random.default_rng(count)
    flagged = []
    for _ in range(400):
        held_out, further = np.split(random.uniform(0.8, 1, count + 50), [count])
        border = copies.place_border(held_out, groups=count)
        flagged.append(np.mean(further > border.correlation))
    assert border.false_positives == pytest.approx(share)
    assert np.mean(flagged) == pytest.approx(share, abs=4 * np.std(flagged) / 20 + 1e-9)


def test_images_that_hardly_resemble_a_training_image_are_no_copies_whatever_held_out_images_do():
    assert copies.place_border(np.linspace(0.1, 0.3, 200), groups=200).correlation == copies.MIN_CORRELATION


def test_held_out_images_are_spread_over_their_groups(phantom_store, monkeypatch):
    store = Store.open(phantom_store)
    monkeypatch.setattr(copies, "MOST_HELD_OUT", 12)
    chosen, groups = copies.choose_held_out(store, seed=0)
    assert len(set(store.column("group")[chosen])) == min(12, groups)
    assert set(store.column("split")[chosen]) == {"validation"}


def test_a_store_without_held_out_images_is_refused(phantom_store, monkeypatch):
    store = Store.open(phantom_store)
    monkeypatch.setattr(copies, "choose_held_out", lambda store, seed: (np.empty(0, np.int64), 0))
    with pytest.raises(UserError, match="got 0 validation images"):
        copies.measure_border(store, copies.index_training(store))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["brain_mri", "chest_xray", "nih_cxr64"])
def test_planted_copies_are_found_and_held_out_patients_are_not_on_real_images(name, shared_data, tmp_path):
    from ganoscope.data.prepare.config import PrepareConfig
    from ganoscope.workflows.prepare import prepare

    store = prepare(shared_data / name, tmp_path / "store", PrepareConfig(size=64))
    index = copies.index_training(store)
    border = copies.measure_border(store, index)
    training = store.indices("train")
    planted = store.load_images(np.sort(np.random.default_rng(0).permutation(training)[:60]))[:, 0]
    for change in CHANGES.values():
        changed = np.ascontiguousarray(change(planted), np.float32)
        assert np.all(nearest.find_nearest(index, changed).correlation > border.correlation)
    test = nearest.find_nearest(index, store.load_images(store.indices("test"))[:, 0])
    assert np.mean(test.correlation > border.correlation) < 0.06


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device on this system")
def test_a_full_disk_is_an_error_and_no_bus_error(monkeypatch):
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: io.FileIO("/dev/full", "r+"))
    with pytest.raises(OSError, match="No space left on device"):
        nearest.make_search_index(lambda positions: np.zeros((len(positions), 64, 64), np.float32), 3)
