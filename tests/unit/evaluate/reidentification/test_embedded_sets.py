"""Images of an audit as a metric network sees them: size, order and columns."""

import numpy as np
import pytest
import torch
from tests.fixtures.made_up_stores import write_store

from ganoscope.data.real_images import RealImages
from ganoscope.evaluate.reidentification import embedded_sets
from ganoscope.evaluate.reidentification.embedded_sets import (
    embed_altered,
    embed_images,
    embed_real,
    load_shrunk,
    shrink,
)
from ganoscope.evaluate.reidentification.metric_training import Metric
from ganoscope.nets.patient_metric import PatientMetric


@pytest.fixture(scope="module")
def metric():
    torch.manual_seed(0)
    return Metric(PatientMetric(width=8).eval(), "0" * 64, 1, 0.9, np.zeros(0, np.int64))


@pytest.fixture
def store(tmp_path):
    rows = [{"view": "PA" if index % 3 else "", "patient": "" if index == 4 else f"p{index}"} for index in range(9)]
    return write_store(tmp_path / "store", rows)


def test_larger_images_are_averaged_and_others_left_alone():
    images = np.random.default_rng(0).random((2, 1, 128, 128), np.float32)
    assert np.allclose(shrink(images)[0, 0, 0, 0], images[0, 0, :2, :2].mean())
    assert shrink(images[..., :32, :32]) is not None
    assert shrink(images[..., :64, :64]).shape == (2, 1, 64, 64)


def test_blocks_change_nothing(metric, store, monkeypatch):
    whole = embed_images(metric, store.load_images, 9)
    loaded = load_shrunk(store.load_images, np.arange(9))
    monkeypatch.setattr(embedded_sets, "BATCH", 2)
    assert np.allclose(embed_images(metric, store.load_images, 9), whole, atol=1e-6)
    assert np.array_equal(load_shrunk(store.load_images, np.arange(9)), loaded)


def test_real_images_keep_their_patients_classes_and_views(metric, store):
    chosen = np.array([3, 4, 8])
    found = embed_real(metric, RealImages(store, chosen))
    assert found.groups.tolist() == [f"group-{index:06d}" for index in chosen]
    assert found.kinds.tolist() == ["sick | ", "well | PA", "well | PA"]
    assert found.named.tolist() == [True, False, True]
    assert np.allclose(found.embeddings, metric.embed(store.load_images(chosen)))


def test_altered_copies_are_chosen_by_the_seed(metric, store):
    real = RealImages(store, np.arange(9))
    first, again, other = (embed_altered(metric, real, 5, seed) for seed in (0, 0, 1))
    assert first.shape == (5, 128)
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert len(embed_altered(metric, real, 50, 0)) == 9
