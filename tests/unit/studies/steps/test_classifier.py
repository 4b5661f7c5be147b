"""What an arm adds: counts by class at the real prevalence, shuffled labels, and fewer where few passed."""

import numpy as np
import pytest

from ganoscope.data.store import Store
from ganoscope.data.store.derived import derive_store, make_synthetic
from ganoscope.studies.arms import ARMS
from ganoscope.studies.steps.classifier import choose_by_class, gather_added, limit_ratio, mix_store

NAMES = ("glioma", "meningioma", "none")


@pytest.fixture(scope="module")
def data(phantom_store, tmp_path_factory):
    """Training and validation patients of a split, classes at different frequencies."""
    store = Store.open(phantom_store)
    labels = store.column("label")
    splits = np.where(labels == labels[0], "train", np.where(np.arange(store.count) % 2, "train", "validation"))
    return derive_store(store, splits, tmp_path_factory.mktemp("data") / "store")


def make_images(data, counts, folder):
    names = sorted(set(data.column("label")))
    labels = [name for name, count in zip(names, counts, strict=True) for _ in range(count)]
    pixels = np.arange(len(labels))[:, None, None] * np.ones((1, data.size, data.size))
    added = make_synthetic(data, pixels % 200, labels, [str(number) for number in range(len(labels))])
    return derive_store(data, np.full(data.count, ""), folder, added)


def count_by_class(labels):
    return dict(zip(*np.unique(labels, return_counts=True), strict=True))


def test_added_images_have_the_prevalence_of_the_real_ones(data, tmp_path):
    real = count_by_class(data.column("label")[data.indices("train")])
    images = make_images(data, (80, 80, 80), tmp_path / "images")
    for arm, ratio in (("augmented", 0.5), ("duplicated", 2.0), ("synthetic_only", 4.0), ("shuffled_labels", 1.0)):
        added = gather_added(data, images, ARMS[arm], ratio, seed=0)
        expected = ratio if ARMS[arm].real else 1.0
        for name, count in count_by_class([row.label for row in added.rows]).items():
            assert count == pytest.approx(expected * real[name], abs=0.51)


def test_the_baseline_adds_nothing():
    assert gather_added(None, None, ARMS["baseline"], 1.0, 0) is None


def test_shuffled_labels_keep_their_frequencies_and_lose_their_images(data, tmp_path):
    images = make_images(data, (60, 60, 60), tmp_path / "images")
    right = gather_added(data, images, ARMS["augmented"], 1.0, 0)
    wrong = gather_added(data, images, ARMS["shuffled_labels"], 1.0, 0)
    assert np.array_equal(right.pixels, wrong.pixels)
    before, after = ([row.label for row in added.rows] for added in (right, wrong))
    assert sorted(before) == sorted(after)
    agreement = np.mean(np.array(before) == np.array(after))
    assert agreement < 0.6  # a third would be expected of equally frequent classes


def test_where_few_of_a_class_passed_all_classes_are_added_less(data, tmp_path):
    real = count_by_class(data.column("label")[data.indices("train")])
    images = make_images(data, (80, 5, 80), tmp_path / "images")
    added = gather_added(data, images, ARMS["filtered"], 1.0, 0)
    found, scarce = count_by_class([row.label for row in added.rows]), sorted(real)[1]
    assert found[scarce] == 5
    for name, count in found.items():
        assert count == pytest.approx(real[name] * 5 / real[scarce], abs=0.51)


def test_a_class_that_never_passed_adds_nothing_at_all(data, tmp_path):
    images = make_images(data, (80, 0, 80), tmp_path / "images")
    assert len(gather_added(data, images, ARMS["filtered"], 1.0, 0).rows) == 0
    assert gather_added(data, None, ARMS["filtered"], 1.0, 0) is None


def test_validation_images_are_real_in_every_arm(data, tmp_path):
    images = make_images(data, (60, 60, 60), tmp_path / "images")
    for arm in ("augmented", "synthetic_only"):
        added = gather_added(data, images, ARMS[arm], 1.0, 0)
        mixed = mix_store(data, added, ARMS[arm], tmp_path / arm)
        origins, splits = mixed.column("added"), mixed.column("split")
        assert set(origins[splits == "validation"]) == {""}
        assert (set(origins[splits == "train"]) == {"synthetic"}) == (arm == "synthetic_only")


def test_duplicates_are_spread_evenly():
    real = np.array(["a"] * 4 + ["b"] * 2)
    chosen = choose_by_class(real, real, 2.5, np.random.default_rng(0))
    assert count_by_class(real[chosen]) == {"a": 10, "b": 5}
    assert set(np.bincount(chosen).tolist()) <= {2, 3}


@pytest.mark.parametrize(("counts", "ratio"), [((986, 14), 0.1), ((200, 5), 2.5), ((90, 7), 1.5)])
def test_synthetic_and_duplicated_images_are_equally_many(counts, ratio):
    """Enough images were drawn: rounding must not take any of them away."""
    real = np.repeat(["a", "b"], counts)
    drawn = np.repeat(["a", "b"], [max(1, round(ratio * count)) for count in counts])
    added = choose_by_class(drawn, real, limit_ratio(drawn, real, ratio), None)
    duplicated = choose_by_class(real, real, ratio, np.random.default_rng(0))
    assert len(added) == len(duplicated) == sum(round(ratio * count) for count in counts)
