"""A classifier as a teacher: one fixed scale, and who is refused."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from ganoscope.classifiers import teacher
from ganoscope.classifiers.teacher import check_teacher, list_faults, measure_auc, open_teacher
from ganoscope.classifiers.trained import open_classifier
from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.errors import UserError
from ganoscope.objectives.cam import compute_cams
from ganoscope.training.classifier.config import ClassifyConfig
from ganoscope.workflows.classify import classify
from ganoscope.workflows.phantom import phantom


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return phantom(tmp_path_factory.mktemp("stores") / "cxr", PhantomConfig("cxr", 240, 32))


@pytest.fixture(scope="module")
def path(store, tmp_path_factory):
    """A classifier that knows the store's classes."""
    folder = tmp_path_factory.mktemp("classifiers") / "cxr"
    classify(store.path, folder, ClassifyConfig(epochs=6, batch_size=16, device="cpu", precision="fp32"))
    return folder


@pytest.fixture(scope="module")
def classifier(path):
    return open_classifier(path)


def change(classifier, **changes):
    return replace(classifier, record=replace(classifier.record, **changes))


def test_the_scale_is_a_quantile_of_the_training_images_positive_values(path, classifier, store):
    teacher = open_teacher(path)
    train = store.indices("train")
    with torch.no_grad():
        features = classifier(torch.from_numpy(store.load_images(train))).features
        cams = compute_cams(features, classifier.network.head.weight).numpy()
    assert teacher.scale == pytest.approx(np.quantile(cams[cams > 0], 0.99), rel=1e-4)


def test_the_scale_does_not_depend_on_the_precision_of_the_step_that_opens_the_teacher(path):
    scale = open_teacher(path).scale
    teacher._open.cache_clear()
    with torch.autocast("cpu", torch.bfloat16):
        assert open_teacher(path).scale == scale
    teacher._open.cache_clear()


def test_the_scale_does_not_depend_on_the_images_shown(path, store):
    teacher = open_teacher(path)
    images = torch.from_numpy(store.load_images(store.indices("test")))
    with torch.no_grad():
        together, alone = teacher(images, "max"), teacher(images[:1], "max")
    assert together.merged.shape == (len(images), 1, 32, 32)
    assert together.per_class.shape == (len(images), 3, 32, 32)
    assert together.logits.shape == (len(images), 3)
    assert 0 <= together.merged.min() <= together.merged.max() <= 1
    torch.testing.assert_close(together.merged[:1], alone.merged, rtol=1e-3, atol=1e-4)


def test_a_fitting_teacher_is_accepted_and_a_weak_one_refused_with_its_auc(path, store, classifier):
    found = measure_auc(classifier, store)
    check_teacher(path, store, found.value - 0.01)
    with pytest.raises(UserError, match=rf"got AUC {found.value:.3f} \(95% interval .* test images of .* patients"):
        check_teacher(path, store, found.value)


def test_auc_is_computed_anew_over_the_test_part_with_patients_counted(classifier, store):
    found = measure_auc(classifier, store)
    test = store.indices("test")
    with torch.no_grad():
        probability = classifier.compute_probabilities(torch.from_numpy(store.load_images(test))).double().numpy()
    label = store.column("label")[test]
    macro = np.mean(
        [roc_auc_score(label == name, probability[:, k]) for k, name in enumerate(classifier.record.classes)]
    )
    assert found.value == pytest.approx(macro, abs=1e-6)
    assert (found.n, found.groups) == (len(test), len(set(store.column("group")[test])))
    assert found.low <= found.value <= found.high


def test_all_faults_are_named_at_once(classifier, store):
    intensity = replace(store.intensity, high=99.0)
    other = change(
        classifier,
        classes=("a", "b", "c"),
        size=64,
        intensity=intensity,
        store_fingerprint="0" * 64,
        sample_ids=store.column("sample_id").tolist(),
    )
    same = change(other, store_fingerprint=store.fingerprint)
    text = "\n".join(list_faults(other, store, 0.9) + list_faults(same, store, 0.9))
    for words in (
        "another store",
        "other classes",
        "got a, b, c",
        "image size",
        "intensity range",
    ):
        assert words in text
    assert "was trained on images of the validation or test split" in text


def test_a_shifted_intensity_range_is_refused_even_where_every_record_agrees(classifier, store):
    """Records can be wrong; the AUC is computed from the pixels, and shows it."""
    right = measure_auc(classifier, store)
    shifted = replace(store, intensity=replace(store.intensity, low=-6000.0, high=-2000.0))
    blind = change(classifier, intensity=shifted.intensity)
    assert right.value > 0.75
    (fault,) = list_faults(blind, shifted, 0.7)
    assert "does not distinguish the classes" in fault
    assert "got AUC 0.5" in fault
    assert any("intensity range" in fault for fault in list_faults(classifier, shifted, 0.7))


def test_a_teacher_whose_store_is_gone_or_changed_is_refused(path, tmp_path):
    for key, value, words in (("store_fingerprint", "0" * 64, "is not the one"), ("store", str(tmp_path), "is not at")):
        copy = tmp_path / key
        shutil.copytree(path, copy)
        record = json.loads((copy / "classifier.json").read_text())
        (copy / "classifier.json").write_text(json.dumps({**record, key: value}))
        with pytest.raises(UserError, match=words):
            open_teacher(copy)
