"""Predictions of a part and the tables that they are written to."""

import csv
import json

import numpy as np
import pytest

from ganoscope.data.store import Store
from ganoscope.evaluate.classification.metrics import score
from ganoscope.evaluate.classification.predictions import make_predictions, save_results


@pytest.fixture
def predictions(phantom_store):
    store = Store.open(phantom_store)
    classes = tuple(np.unique(store.column("label")).tolist())
    indices = store.indices("test")
    codes = np.array([classes.index(label) for label in store.column("label")[indices].tolist()])
    logits = np.random.default_rng(0).normal(size=(len(indices), len(classes))).astype(np.float32)
    return make_predictions(store, "test", (indices, codes), (logits, 2.0), classes)


def test_probabilities_are_calibrated_and_kept_as_they_were(predictions):
    assert np.allclose(predictions.probabilities.sum(1), 1)
    odds = predictions.uncalibrated[:, 0] / predictions.uncalibrated[:, 1]
    assert np.sqrt(odds) == pytest.approx(predictions.probabilities[:, 0] / predictions.probabilities[:, 1], rel=1e-6)
    assert predictions.predicted.tolist() == predictions.uncalibrated.argmax(1).tolist()


def test_tables_hold_every_image_and_every_metric(predictions, tmp_path):
    save_results(tmp_path, {"test": predictions}, {"test": score(predictions)}, 2.0)
    with (tmp_path / "predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["sample_id"] for row in rows] == predictions.sample_ids.tolist()
    first = predictions.classes[predictions.predicted[0]]
    assert (rows[0]["split"], rows[0]["prediction"]) == ("test", first)
    assert float(rows[0][f"probability {first}"]) == pytest.approx(predictions.probabilities[0].max(), rel=1e-5)
    content = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert content["temperature"] == 2.0
    assert content["parts"]["test"]["metrics"]["accuracy"]["images"] == len(rows)
