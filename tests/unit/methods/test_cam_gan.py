"""The CAM-guided GAN as a method: what it refuses, and that its runs need the teacher for training alone."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ganoscope.classifiers.teacher import _open
from ganoscope.classifiers.trained import load_classifier_record
from ganoscope.contracts import Batch, ImageSpec
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.explanation.cam_maps import find_teacher
from ganoscope.explanation.config import ExplainConfig
from ganoscope.generation import draw_images
from ganoscope.methods.cam_gan import Config, build, check
from ganoscope.training.config import TrainConfig
from ganoscope.training.run_folder.record import load_record
from ganoscope.training.run_folder.trained_run import open_run
from ganoscope.workflows.explain import explain
from ganoscope.workflows.train import train

SMALL = {"latent_dim": 8, "generator_channels": 32, "discriminator_channels": 4, "min_teacher_auc": 0.0}
TRAINING = TrainConfig(images=64, batch_size=8, tick_images=32, device="cpu")


@pytest.fixture(scope="module")
def run(phantom_store, tiny_classifier, tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "cam"
    train("cam_gan", phantom_store, path, TRAINING, method_config=Config(teacher=tiny_classifier, **SMALL))
    return path


def test_without_a_teacher_it_says_how_to_train_one(phantom_store, tmp_path):
    with pytest.raises(UserError, match="ganoscope classify STORE RUN --network fine_cnn"):
        train("cam_gan", phantom_store, tmp_path / "run", TRAINING, method_config=Config())
    assert not (tmp_path / "run").exists()


def test_augmentation_that_parts_images_from_the_teachers_maps_is_refused(phantom_store, tiny_classifier, tmp_path):
    config = Config(teacher=tiny_classifier, **SMALL)
    with pytest.raises(UserError, match="--diff-augment does not suit cam_gan: got fixed; allowed: none"):
        train("cam_gan", phantom_store, tmp_path / "run", replace(TRAINING, diff_augment="fixed"), method_config=config)
    assert not (tmp_path / "run").exists()


def test_a_teacher_that_does_not_know_the_store_is_refused(phantom_store, tiny_classifier):
    store = Store.open(phantom_store)
    with pytest.raises(UserError, match=r"allowed: AUC above 0\.99"):
        check(Config(teacher=tiny_classifier, min_teacher_auc=0.99), store, ImageSpec(32))
    shifted = replace(store, intensity=replace(store.intensity, high=99.0))
    with pytest.raises(UserError, match="intensity range"):
        check(Config(teacher=tiny_classifier), shifted, ImageSpec(32))


def test_an_unknown_merge_and_an_auc_out_of_range_are_named():
    with pytest.raises(UserError, match="field merge: got 'sum'; allowed: 'max', 'mean', 'weighted', 'topk'"):
        Config(merge="sum")
    with pytest.raises(UserError, match="--min-teacher-auc is out of range"):
        Config(min_teacher_auc=1.0)


def test_a_run_goes_on_and_generates_where_its_teacher_is_gone(run, tiny_classifier, monkeypatch):
    assert load_record(run).method_config["teacher"] == str(tiny_classifier.resolve())
    monkeypatch.setattr("ganoscope.methods.cam_gan.open_teacher", lambda *_: pytest.fail("the teacher was opened"))
    (images,) = draw_images(open_run(run), 4, seed=0)
    assert images.shape == (4, 1, 32, 32)


def test_the_same_command_goes_on(run, phantom_store, tiny_classifier):
    train(
        "cam_gan",
        phantom_store,
        run,
        replace(TRAINING, images=80),
        method_config=Config(teacher=tiny_classifier, **SMALL),
    )
    assert open_run(run).images_seen == 80


def test_building_touches_no_file():
    build(Config(teacher=Path("nowhere")), ImageSpec(32))


def test_the_teacher_is_called_once_per_set_of_images_and_g_once(tiny_classifier, monkeypatch):
    method = build(Config(teacher=tiny_classifier, **SMALL), ImageSpec(32))
    method.forward(Batch(torch.zeros(2, 1, 32, 32)))
    calls = {"teacher": 0, "G": 0}
    network, G = method.teacher.classifier.network, method.G.levels[0]
    network.register_forward_hook(lambda *_: calls.update(teacher=calls["teacher"] + 1))
    G.register_forward_hook(lambda *_: calls.update(G=calls["G"] + 1))
    step = method.forward(Batch(torch.rand(2, 1, 32, 32)))
    method.discriminator_loss(step)
    method.generator_loss(step)
    assert calls == {"teacher": 2, "G": 1}
    assert not step.real_cam.requires_grad
    network._forward_hooks.clear()


def test_explaining_a_run_adds_its_panels(run, phantom_store, tmp_path):
    explain(run, phantom_store, tmp_path / "out", ExplainConfig(number=4, device="cpu"))
    names = {path.stem for path in (tmp_path / "out" / "figures").glob("*.png")}
    assert {"attention", "discriminator_cam", "teacher_merges", "teacher_classes"} <= names
    with np.load(tmp_path / "out" / "cam_maps.npz") as maps:
        assert {f"attention/generated/{side} x {side}" for side in (4, 8, 16, 32)} <= set(maps.files)
        assert {f"teacher_merges/real/{name}" for name in ("max", "mean", "weighted", "topk")} <= set(maps.files)
        assert maps["discriminator_cam/real/discriminator"].shape == (4, 32, 32)
        assert all(maps[name].min() >= 0 and maps[name].max() <= 1 for name in maps.files)


def test_panels_without_the_teacher_show_attention_and_heat_maps(run, phantom_store, tmp_path, monkeypatch):
    def gone(*_):
        raise UserError("no classifier there")

    monkeypatch.setattr("ganoscope.explanation.cam_maps.open_teacher", gone)
    explain(run, phantom_store, tmp_path / "out", ExplainConfig(number=2, device="cpu", explainer="hires_cam"))
    names = {path.stem for path in (tmp_path / "out" / "figures").glob("*.png")}
    assert {"attention", "discriminator_cam"} <= names
    assert "teacher_merges" not in names


def test_the_run_and_its_report_say_how_good_the_teacher_is(run, tiny_classifier):
    from ganoscope.reports.run.sections.model import describe_model

    record, teacher = load_record(run), load_classifier_record(tiny_classifier)
    auroc = teacher.metrics["metrics"]["auroc"]
    assert record.classifiers["teacher"]["auroc"] == {name: auroc[name] for name in ("value", "low", "high")}
    sentence = describe_model(record).sentences[-1]
    assert sentence.startswith(f"The teacher is a {teacher.network} trained on {teacher.store_name}; its AUROC")
    assert f"AUROC on the test split is {auroc['value']:.3f} (95% interval {auroc['low']:.3f} to" in sentence


def test_a_teacher_that_was_trained_again_shows_no_maps(run, phantom_store, tmp_path, capsys):
    shutil.copytree(run, tmp_path / "run")
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    record["classifiers"]["teacher"]["weights_sha256"] = "0" * 64
    (tmp_path / "run" / "run.json").write_text(json.dumps(record))
    assert find_teacher(open_run(run)) is not None
    assert find_teacher(open_run(tmp_path / "run")) is None
    assert "was retrained" in " ".join(capsys.readouterr().err.split())


def test_the_step_in_which_the_teacher_is_opened_draws_the_same_noise_as_any_other(tiny_classifier):
    images = []
    for _ in range(2):
        _open.cache_clear()
        for _ in range(2):  # opened at the first, kept at the second
            torch.manual_seed(1)
            method = build(Config(teacher=tiny_classifier, **SMALL), ImageSpec(32, ("a", "b", "c")))
            torch.manual_seed(2)
            images.append(method.forward(Batch(torch.zeros(4, 1, 32, 32))).fake)
    assert all(torch.equal(images[0], other) for other in images[1:])
