"""Which classifiers a counterfactual CycleGAN listens to, and that opening one changes nothing else."""

from dataclasses import replace

import pytest
import torch

from ganoscope.classifiers.trained import load_classifier_record
from ganoscope.contracts import Domains, ImageSpec
from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.methods.cyclegan_counterfactual import Config, build, check
from ganoscope.training.config import TrainConfig
from ganoscope.training.run_folder.record import load_record
from ganoscope.training.run_folder.trained_run import open_run
from ganoscope.workflows.phantom import phantom
from ganoscope.workflows.train import train

SMALL = {"generator_channels": 4, "discriminator_channels": 4}


@pytest.fixture(scope="module")
def classes(tiny_classifier):
    return load_classifier_record(tiny_classifier).classes


def test_the_classifier_of_the_store_is_taken(phantom_store, tiny_classifier, classes):
    check(Config(classifier=tiny_classifier), Store.open(phantom_store), ImageSpec(32, classes, classes[:2]))


def test_a_classifier_of_other_images_is_refused_with_all_reasons_at_once(tiny_classifier, classes, tmp_path):
    phantom(tmp_path / "cxr", PhantomConfig(modality="cxr", number=24, size=64))
    store = Store.open(tmp_path / "cxr")
    store = replace(store, intensity=replace(store.intensity, high=99.0))
    with pytest.raises(UserError) as refusal:
        check(Config(classifier=tiny_classifier), store, ImageSpec(64, classes, (classes[0], "elsewhere")))
    message = str(refusal.value)
    for part in ("another store", "other classes", "got elsewhere", "image size (px)", "intensity range", "modality"):
        assert part in message, part


def test_classes_in_another_order_are_refused(phantom_store, tiny_classifier, classes, monkeypatch):
    monkeypatch.setattr("ganoscope.classifiers.fitness.count_classes", lambda _: dict.fromkeys(classes[::-1], 1))
    with pytest.raises(UserError, match="tells other classes apart"):
        check(Config(classifier=tiny_classifier), Store.open(phantom_store), ImageSpec(32, classes, classes[:2]))


def test_a_folder_without_a_classifier_is_refused(phantom_store, tmp_path):
    with pytest.raises(UserError, match=r"no classifier at .*: classifier\.json is missing"):
        check(Config(classifier=tmp_path), Store.open(phantom_store), ImageSpec(32))


def test_the_step_in_which_the_classifier_is_opened_is_like_any_other(tiny_classifier, classes):
    losses = []
    for opened in (False, True):
        torch.manual_seed(1)
        method = build(
            Config(classifier=tiny_classifier, history_images=2, **SMALL), ImageSpec(32, classes, classes[:2])
        )
        batch = Domains(*(torch.rand(2, 2, 1, 32, 32) * 2 - 1))
        if opened:
            method.forward(batch)
        torch.manual_seed(2)
        step = method.forward(batch)
        losses.append((method.generator_loss(step).total, torch.rand(())))
    assert losses[0] == losses[1]


def test_a_run_is_opened_where_its_classifier_is_gone(phantom_store, tiny_classifier, classes, tmp_path, monkeypatch):
    config = TrainConfig(images=4, batch_size=2, domains=(classes[0], classes[1]), device="cpu", precision="fp32")
    train(
        "cyclegan_counterfactual",
        phantom_store,
        tmp_path / "run",
        config,
        method_config=Config(classifier=tiny_classifier, **SMALL),
    )
    assert load_record(tmp_path / "run").method_config["classifier"] == str(tiny_classifier.resolve())
    monkeypatch.setattr(
        "ganoscope.methods.cyclegan_counterfactual.open_classifier", lambda *_: pytest.fail("it was opened")
    )
    assert set(open_run(tmp_path / "run").averages) == {"G_ab", "G_ba"}
