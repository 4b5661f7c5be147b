"""Options of a classifier's training, and stores that it can't be trained on."""

import numpy as np
import pytest
from tests.fixtures.made_up_stores import write_store

from ganoscope.errors import UserError
from ganoscope.training.classifier.config import ClassifyConfig, compute_class_weights, refuse_unfit_store

QUICK = ClassifyConfig(epochs=3, batch_size=16, device="cpu", precision="fp32").resolve()


def test_class_weights_make_up_for_unequal_counts(tmp_path):
    parts = ("train",) * 8 + ("validation", "test") * 2
    labels = ["rare", "rare"] + ["often"] * 6 + ["rare", "rare", "often", "often"]
    store = write_store(tmp_path / "s", [{"split": s, "label": c} for s, c in zip(parts, labels, strict=True)])
    np.testing.assert_allclose(compute_class_weights(store, "balanced"), [8 / 12, 8 / 4])
    np.testing.assert_allclose(compute_class_weights(store, "none"), [1, 1])


def test_all_faults_of_a_store_are_named_at_once(tmp_path):
    faulty = [{"split": "train", "label": label} for label in ("a", "b", "")]
    faulty += [{"split": "validation", "label": "a"}, {"split": "test", "label": "a"}]
    with pytest.raises(UserError) as raised:
        refuse_unfit_store(write_store(tmp_path / "s", faulty), QUICK)
    message = str(raised.value)
    assert "1 of 3 images without a label" in message
    assert "too few training images: got 3; allowed: 16 (one batch) or more" in message
    assert "lacks a class of the train split: got no image of b" in message


def test_a_store_of_one_class_is_refused(tmp_path):
    store = write_store(tmp_path / "s", [{"split": split, "label": "a"} for split in ("train",) * 16 + ("validation",)])
    with pytest.raises(UserError, match="got 1 classes"):
        refuse_unfit_store(store, QUICK)


def test_all_faults_of_a_configuration_are_named_at_once():
    with pytest.raises(UserError) as raised:
        ClassifyConfig(network="resnet", epochs=0, patience=0, batch_size=1, learning_rate=2.0, freeze_body=True)
    assert len(str(raised.value).splitlines()) == 6


def test_learning_rates_are_those_of_the_network():
    assert ClassifyConfig(network="small_cnn").resolve().learning_rate == 1e-3
    assert ClassifyConfig(network="densenet121").resolve().learning_rate == 1e-4
    assert ClassifyConfig(learning_rate=0.02).resolve().learning_rate == 0.02
