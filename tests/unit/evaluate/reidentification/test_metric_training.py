"""Training of a metric network: division of patients, batches, reproducibility, and patients that can be told apart."""

import numpy as np
import pytest

from ganoscope.errors import UserError
from ganoscope.evaluate.reidentification.metric_training import (
    MetricConfig,
    choose_validation,
    draw_batch,
    refuse_few,
    train_metric,
)

SHORT = MetricConfig(steps=40, patients=12, look_every=20)


def draw(patients, images=2, seed=0):
    """Each patient has a pattern of its own, and each image other noise."""
    random = np.random.default_rng(seed)
    patterns = np.kron(random.uniform(-1, 1, (patients, 4, 4)), np.ones((4, 4))).repeat(images, axis=0)
    noise = 0.3 * random.standard_normal(patterns.shape)
    return np.clip(patterns + noise, -1, 1)[:, None].astype(np.float32), np.arange(patients).repeat(images)


def test_too_few_patients_with_two_images_are_refused():
    patients = np.concatenate([np.arange(99).repeat(2), np.arange(1000, 2000)])
    with pytest.raises(UserError, match=r"got 99 with two images or more; allowed: 100 or more.*--reid-store"):
        refuse_few(patients)
    refuse_few(np.append(patients, 1000))


def test_validation_takes_the_same_share_of_patients_with_several_images():
    member = np.concatenate([np.arange(50).repeat(3), np.arange(50, 150)])
    chosen = choose_validation(member, 0.2, seed=0)
    assert (chosen[:50].sum(), chosen[50:].sum()) == (10, 20)
    assert not np.array_equal(chosen, choose_validation(member, 0.2, seed=1))


def test_a_batch_has_as_many_images_of_each_patient_and_no_patient_twice():
    own = [np.arange(4), np.array([4]), np.arange(5, 7), np.arange(7, 20)]
    chosen, group = draw_batch(own, np.random.default_rng(0), MetricConfig(patients=3, images=3))
    assert np.unique(group, return_counts=True)[1].tolist() == [3, 3, 3]
    for name in np.unique(group):
        images = chosen[group == name]
        assert np.isin(images, own[name]).all()
        assert len(np.unique(images)) == 3 or len(own[name]) < 3


def test_new_patients_are_told_apart_and_the_same_seed_gives_the_same_weights():
    images, patients = draw(60)
    first = train_metric(images, patients, 0, "cpu", SHORT)
    again = train_metric(images, patients, 0, "cpu", SHORT)
    other = train_metric(images, patients, 1, "cpu", SHORT)
    assert first.weights_sha256 == again.weights_sha256 != other.weights_sha256
    assert first.steps in (20, 40) and first.validation_auroc > 0.9
    assert len(first.validation) == 24
    embeddings = first.embed(draw(30, seed=9)[0])
    likeness = embeddings @ embeddings.T
    np.fill_diagonal(likeness, -1)
    assert (likeness.argmax(axis=1) == np.arange(60) ^ 1).mean() > 0.5


def test_training_ends_early_where_nothing_gets_better():
    random = np.random.default_rng(0)
    images = random.uniform(-1, 1, (40, 1, 16, 16)).astype(np.float32)
    config = MetricConfig(steps=200, patients=6, look_every=1, patience=2)
    metric = train_metric(images, np.arange(20).repeat(2), 0, "cpu", config)
    assert metric.steps < 100


def test_images_that_are_not_finite_teach_nothing():
    images, patients = draw(20)
    images[:] = np.nan
    with pytest.raises(UserError, match="learned nothing"):
        train_metric(images, patients, 0, "cpu", MetricConfig(steps=2, patients=6, look_every=1))
