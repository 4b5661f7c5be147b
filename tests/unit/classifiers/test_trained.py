"""A classifier opened for use, and where it is refused: damage, other images, images that it has seen."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.fixtures.made_up_stores import write_store

from ganoscope.classifiers.fitness import name_public_sets, refuse_as_judge, refuse_other_images
from ganoscope.classifiers.trained import open_classifier
from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.nets.evaluation_mode import evaluating
from ganoscope.workflows.phantom import phantom


@pytest.fixture(scope="module")
def classifier(tiny_classifier):
    return open_classifier(tiny_classifier)


def trained_on(classifier, **changes):
    return replace(classifier, record=replace(classifier.record, **changes))


def test_it_is_frozen_in_evaluation_mode_and_gradients_reach_the_image(classifier):
    image = torch.rand(3, 1, 32, 32, requires_grad=True)
    output = classifier(image)
    assert output.logits.shape == (3, 3)
    assert output.features.shape[:2] == (3, classifier.network.head.in_features)
    output.logits[:, 0].sum().backward()
    assert bool((image.grad.abs().sum((1, 2, 3)) > 0).all())
    assert not any(parameter.requires_grad for parameter in classifier.network.parameters())
    assert not any(module.training for module in classifier.network.modules())


def test_probabilities_are_the_softmax_of_logits_over_the_temperature(classifier):
    image = torch.rand(2, 1, 32, 32)
    warm = trained_on(classifier, temperature=2.5)
    expected = torch.exp(classifier(image).logits / 2.5)
    torch.testing.assert_close(warm.compute_probabilities(image), expected / expected.sum(1, keepdim=True))


def test_it_gives_the_probabilities_that_were_written_at_training(classifier, phantom_store):
    store = Store.open(phantom_store)
    rows = [line.split(",") for line in (classifier.path / "predictions.csv").read_text().splitlines()[1:]]
    positions = {name: index for index, name in enumerate(store.column("sample_id"))}
    image = torch.from_numpy(store.load_images(np.array([positions[row[0]] for row in rows])))
    written = np.array([row[4:] for row in rows], float)
    np.testing.assert_allclose(classifier.compute_probabilities(image).numpy(), written, atol=2e-5)


def test_a_folder_without_a_classifier_is_refused(tmp_path):
    with pytest.raises(UserError, match="no classifier at"):
        open_classifier(tmp_path)


@pytest.mark.parametrize("name", ["classifier.safetensors", "classifier.json"])
def test_damage_is_named(tiny_classifier, tmp_path, name):
    run = shutil.copytree(tiny_classifier, tmp_path / "run")
    content = (run / name).read_bytes()
    (run / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match="damaged"):
        open_classifier(run)


@pytest.mark.parametrize("change", [{"schema_version": 99}, {"network": "resnet0"}, {"surprise": 1}])
def test_records_that_can_not_be_meant_are_refused(tiny_classifier, tmp_path, change):
    run = shutil.copytree(tiny_classifier, tmp_path / "run")
    content = json.loads((run / "classifier.json").read_text())
    (run / "classifier.json").write_text(json.dumps({**content, **change}))
    with pytest.raises(UserError):
        open_classifier(run)


def test_it_may_judge_the_store_that_it_learned_from(classifier, phantom_store):
    store = Store.open(phantom_store)
    refuse_as_judge(classifier, store)
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
    refuse_as_judge(learned, first)
    with pytest.raises(
        UserError, match="was trained on images of the validation or test part of made up: got 10 images"
    ):
        refuse_as_judge(learned, second)
    chosen = trained_on(learned, sample_ids=[], validation_ids=ids[parts == "train"].tolist())
    with pytest.raises(UserError, match="was selected on images of the test part"):
        refuse_as_judge(chosen, second)


def test_phantoms_of_another_store_do_not_count_as_seen_though_their_numbers_are_the_same(classifier, tmp_path):
    other = phantom(tmp_path / "other", PhantomConfig(modality="mri", number=144, size=32, seed=5))
    held_out = other.column("sample_id")[other.indices("test")]
    assert set(held_out) & set(classifier.record.sample_ids)
    refuse_as_judge(classifier, other)


@pytest.mark.parametrize("name", ["rsna_challenge", "nih cxr", "ChestX-ray14", "chestmnist"])
def test_pretrained_weights_are_no_judge_of_the_public_set_that_they_have_seen(classifier, tmp_path, name):
    store = write_store(tmp_path / "store", [{} for _ in range(12)], name=name)
    refuse_as_judge(trained_on(classifier, trained_on=["imagenet"]), store)
    refuse_as_judge(trained_on(classifier, trained_on=["padchest"]), store)
    with pytest.raises(UserError, match="have seen the data set"):
        refuse_as_judge(trained_on(classifier, trained_on=["nih", "rsna"]), store)


def test_every_set_that_weights_may_have_seen_is_known():
    from ganoscope.nets.pretrained.sources import SOURCES

    for source in SOURCES.values():
        for name in set(source.trained_on) - {"imagenet"}:
            assert name_public_sets([name]), name
    assert name_public_sets(["brain_mri"]) == {"brain_mri"}
    assert name_public_sets(["folders", "unknown", "my picture set"]) == set()


def test_opening_leaves_modes_as_they_are_for_explainers(classifier):
    with evaluating(classifier.network):
        pass
    assert not classifier.network.training


def test_opening_a_classifier_uses_up_no_random_number(tiny_classifier):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    open_classifier(tiny_classifier)
    assert torch.equal(torch.rand(3), expected)
