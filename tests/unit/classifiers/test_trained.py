"""A classifier opened for use: frozen, calibrated, and refused where it is damaged."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from ganoscope.classifiers.trained import open_classifier
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.nets.evaluation_mode import evaluating


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


def test_the_record_names_its_store_relative_to_the_classifier(tiny_classifier, phantom_store):
    text = (tiny_classifier / "classifier.json").read_text()
    assert str(phantom_store.parent) not in text
    assert open_classifier(tiny_classifier).record.store == str(phantom_store.resolve())
