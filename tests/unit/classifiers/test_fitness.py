"""Whether a classifier fits given images, and is independent of them."""

from dataclasses import replace

import numpy as np
import pytest
from tests.fixtures.made_up_stores import write_store

from ganoscope.classifiers.fitness import name_public_sets, refuse_dependent, refuse_other_images
from ganoscope.classifiers.trained import open_classifier
from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.workflows.phantom import phantom


@pytest.fixture(scope="module")
def classifier(tiny_classifier):
    return open_classifier(tiny_classifier)


def trained_on(classifier, **changes):
    return replace(classifier, record=replace(classifier.record, **changes))


def test_it_may_judge_the_store_that_it_learned_from(classifier, phantom_store):
    store = Store.open(phantom_store)
    refuse_dependent(classifier, store)
    refuse_other_images(classifier, store)


def test_images_of_another_kind_are_refused_with_all_differences_at_once(classifier, tmp_path):
    other = phantom(tmp_path / "ct", PhantomConfig(modality="ct", number=36, size=48))
    with pytest.raises(UserError) as raised:
        refuse_other_images(classifier, other)
    message = str(raised.value)
    assert "got 32; allowed: 48" in message
    assert "got 0 to 255 grey 8 bit; allowed: -1024 to 1500 HU" in message
    assert "got MR; allowed: CT" in message


def make_pair(tmp_path):
    """Two stores of the same files, of which some have changed their part."""
    rows = [
        {
            "sample_id": f"{n:012d}",
            "source_sha256": f"{n:012d}" + "0" * 52,
            "split": ("train", "validation", "test")[n % 3],
        }
        for n in range(30)
    ]
    moved = [
        {**row, "split": {"train": "test", "validation": "train", "test": "validation"}[row["split"]]} for row in rows
    ]
    pixels = np.random.default_rng(1).integers(0, 256, (30, 16, 16), dtype=np.uint8)
    return write_store(tmp_path / "first", rows), write_store(tmp_path / "second", moved, pixels)


def test_one_that_learned_from_a_stores_held_out_images_is_no_judge_there(classifier, tmp_path):
    first, second = make_pair(tmp_path)
    ids, parts = first.column("sample_id"), first.column("split")
    seen = {"sample_ids": ids[parts == "train"].tolist(), "validation_ids": ids[parts == "validation"].tolist()}
    learned = trained_on(classifier, store_fingerprint=first.fingerprint, **seen)
    refuse_dependent(learned, first)
    with pytest.raises(
        UserError, match="was trained on images of the validation or test split of made up: got 10 images"
    ):
        refuse_dependent(learned, second)
    chosen = trained_on(learned, sample_ids=[], validation_ids=ids[parts == "train"].tolist())
    with pytest.raises(UserError, match="was selected on images of the test split"):
        refuse_dependent(chosen, second)


def test_phantoms_of_another_store_do_not_count_as_seen_though_their_numbers_are_the_same(classifier, tmp_path):
    other = phantom(tmp_path / "other", PhantomConfig(modality="mri", number=144, size=32, seed=5))
    held_out = other.column("sample_id")[other.indices("test")]
    assert set(held_out) & set(classifier.record.sample_ids)
    refuse_dependent(classifier, other)


@pytest.mark.parametrize("name", ["rsna_challenge", "nih cxr", "ChestX-ray14", "chestmnist"])
def test_pretrained_weights_are_no_judge_of_the_public_set_that_they_have_seen(classifier, tmp_path, name):
    store = write_store(tmp_path / "store", [{} for _ in range(12)], name=name)
    refuse_dependent(trained_on(classifier, trained_on=["imagenet"]), store)
    refuse_dependent(trained_on(classifier, trained_on=["padchest"]), store)
    with pytest.raises(UserError, match="were trained on the data set"):
        refuse_dependent(trained_on(classifier, trained_on=["nih", "rsna"]), store)


def test_every_set_that_weights_may_have_seen_is_known():
    from ganoscope.nets.pretrained.sources import SOURCES

    for source in SOURCES.values():
        for name in set(source.trained_on) - {"imagenet"}:
            assert name_public_sets([name]), name
    assert name_public_sets(["brain_mri"]) == {"brain_mri"}
    assert name_public_sets(["folders", "unknown", "my picture set"]) == set()
