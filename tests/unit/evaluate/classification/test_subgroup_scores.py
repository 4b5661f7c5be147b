"""Subgroups: which images belong to each, and that its metrics are those of these images alone."""

from types import SimpleNamespace

import numpy as np
import pytest

from ganoscope.data.store.sample import COLUMNS as MANIFEST
from ganoscope.evaluate.classification import subgroup_scores
from ganoscope.evaluate.classification.metrics import Predictions, score
from ganoscope.evaluate.classification.subgroup_scores import COLUMNS, choose, find_subgroups, score_subgroups

IMAGES = 40


@pytest.fixture
def predictions():
    random = np.random.default_rng(0)
    second = random.random(IMAGES)
    both = np.stack([1 - second, second], 1)
    codes = np.arange(IMAGES) % 2
    groups = np.array([f"g{n // 2}" for n in range(IMAGES)])
    return Predictions("test", np.array([f"id-{n}" for n in range(IMAGES)]), codes, groups, both, both, ("ill", "well"))


@pytest.fixture
def store(predictions):
    views = ["AP"] * 25 + ["PA"] * 12 + ["LL"] * 3
    columns = {
        "sample_id": predictions.sample_ids[::-1],
        "view": np.array(views)[::-1],
        "modality": np.full(IMAGES, "CR"),
        "folder": np.full(IMAGES, ""),
    }
    return SimpleNamespace(column=columns.get)


def test_values_of_enough_images_are_subgroups_and_a_constant_is_none(predictions, store):
    found = [(kind, name, np.flatnonzero(own).tolist()) for kind, name, own in find_subgroups(predictions, store)]
    assert found == [("view", "AP", list(range(25))), ("view", "PA", list(range(25, 37)))]


def test_rows_hold_the_metrics_of_their_images_alone(predictions, store, monkeypatch):
    monkeypatch.setattr("ganoscope.evaluate.classification.metrics.RESAMPLES", 60)
    rows = list(score_subgroups(predictions, score(predictions), store, 0))
    assert all(set(row) == set(COLUMNS) for row in rows)
    assert [(row["subgroup"], row["images"], row["groups"]) for row in rows] == [
        *(("ill", 20, 20), ("well", 20, 20)),
        *(("AP", 25, 13), ("PA", 12, 7)),
    ]
    right = predictions.predicted == predictions.codes
    assert float(rows[2]["accuracy"]) == pytest.approx(right[:25].mean(), abs=1e-5)
    assert float(rows[0]["accuracy"]) == pytest.approx(right[::2].mean(), abs=1e-5)
    assert float(rows[3]["auroc_low"]) <= float(rows[3]["auroc"]) <= float(rows[3]["auroc_high"])


def test_what_is_not_defined_is_empty(predictions, monkeypatch):
    monkeypatch.setattr("ganoscope.evaluate.classification.metrics.RESAMPLES", 60)
    alone = choose(predictions, predictions.codes == 0)
    store = SimpleNamespace(
        column={"sample_id": alone.sample_ids, **dict.fromkeys(subgroup_scores.KINDS, np.array([""] * 20))}.get
    )
    (row, _) = score_subgroups(alone, score(alone), store, 0)
    assert row["auroc"] == row["auroc_low"] == ""


def test_columns_that_are_looked_at_are_in_the_manifest():
    assert set(subgroup_scores.KINDS) <= set(MANIFEST)
