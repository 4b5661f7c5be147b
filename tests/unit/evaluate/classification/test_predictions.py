"""Predictions and scores of all splits, read back in full precision."""

import csv
import json
import shutil

import numpy as np
import pytest
from tests.fixtures.predictions import predict

from ganoscope.classifiers.trained import open_classifier
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.evaluate.classification.metrics import score, to_json
from ganoscope.evaluate.classification.predictions import load_results, make_predictions, save_results


def test_results_are_read_back_in_full_precision(tiny_classifier, phantom_store, tmp_path):
    store = Store.open(phantom_store)
    predictions, indices = predict(open_classifier(tiny_classifier), store)
    scores = score(predictions)
    save_results(tmp_path, {"test": predictions}, {"test": scores}, {"test": indices}, 1.0)
    again = load_results(tmp_path, store)["test"]
    np.testing.assert_array_equal(again.indices, indices)
    for name, values in vars(predictions).items():
        np.testing.assert_array_equal(getattr(again.predictions, name), values)
    assert to_json(again.scores) == to_json(scores)


def test_missing_damaged_and_foreign_predictions_are_refused(tiny_classifier, phantom_store, disc_store, tmp_path):
    store, run = Store.open(phantom_store), shutil.copytree(tiny_classifier, tmp_path / "run")
    with pytest.raises(UserError, match="about another store"):
        load_results(run, Store.open(disc_store))
    (run / "predictions.npz").write_bytes(b"cut off")
    with pytest.raises(UserError, match=r"predictions\.npz is missing or damaged"):
        load_results(run, store)


@pytest.mark.parametrize("name", ["codes", "probabilities", "uncalibrated"])
@pytest.mark.parametrize("value", [-1, 10**9])
def test_numbers_that_no_prediction_has_are_refused(tiny_classifier, phantom_store, tmp_path, name, value):
    store, run = Store.open(phantom_store), shutil.copytree(tiny_classifier, tmp_path / "run")
    with np.load(run / "predictions.npz") as file:
        arrays = dict(file)
    arrays[f"test/{name}"][0] = value
    np.savez(run / "predictions.npz", **arrays)
    with pytest.raises(UserError, match=rf"predictions\.npz is damaged: .*test/{name} holds numbers beside 0 to"):
        load_results(run, store)


def test_metrics_of_an_earlier_version_are_read(tiny_classifier, phantom_store, tmp_path):
    store, run = Store.open(phantom_store), shutil.copytree(tiny_classifier, tmp_path / "run")
    now = load_results(run, store)
    content = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    (run / "metrics.json").write_text(json.dumps({**content, "parts": content.pop("splits")}), encoding="utf-8")
    assert load_results(run, store).keys() == now.keys()


def test_groups_which_may_be_patients_stay_in_the_store(tiny_classifier):
    with np.load(tiny_classifier / "predictions.npz") as arrays:
        names = {name.partition("/")[2] for name in arrays.files}
    assert names == {"indices", "classes", "sample_ids", "codes", "probabilities", "uncalibrated"}


@pytest.fixture
def made_up(phantom_store):
    store = Store.open(phantom_store)
    classes = tuple(np.unique(store.column("label")).tolist())
    indices = store.indices("test")
    codes = np.array([classes.index(label) for label in store.column("label")[indices].tolist()])
    logits = np.random.default_rng(0).normal(size=(len(indices), len(classes))).astype(np.float32)
    return make_predictions(store, "test", (indices, codes), (logits, 2.0), classes)


def test_probabilities_are_calibrated_and_kept_as_they_were(made_up):
    assert np.allclose(made_up.probabilities.sum(1), 1)
    odds = made_up.uncalibrated[:, 0] / made_up.uncalibrated[:, 1]
    assert np.sqrt(odds) == pytest.approx(made_up.probabilities[:, 0] / made_up.probabilities[:, 1], rel=1e-6)
    assert made_up.predicted.tolist() == made_up.uncalibrated.argmax(1).tolist()


def test_tables_hold_every_image_and_every_metric(made_up, tmp_path):
    save_results(tmp_path, {"test": made_up}, {"test": score(made_up)}, {"test": np.arange(len(made_up.codes))}, 2.0)
    with (tmp_path / "predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["sample_id"] for row in rows] == made_up.sample_ids.tolist()
    first = made_up.classes[made_up.predicted[0]]
    assert (rows[0]["split"], rows[0]["prediction"]) == ("test", first)
    assert float(rows[0][f"probability {first}"]) == pytest.approx(made_up.probabilities[0].max(), rel=1e-5)
    content = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert content["temperature"] == 2.0
    assert content["splits"]["test"]["metrics"]["accuracy"]["images"] == len(rows)


@pytest.mark.parametrize("confusion", [7, [7], [[1, 2]], [[1, 2], [3]], [["a"]]])
def test_a_damaged_matrix_is_told_with_its_file(tiny_classifier, phantom_store, tmp_path, confusion):
    run = shutil.copytree(tiny_classifier, tmp_path / "run")
    content = json.loads((run / "metrics.json").read_text())
    content["splits"]["test"]["confusion"] = confusion
    (run / "metrics.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match=r"metrics\.json is damaged"):
        load_results(run, Store.open(phantom_store))


@pytest.mark.parametrize("place", ["metrics", "by_class"])
def test_a_missing_metric_is_told_with_its_file(tiny_classifier, phantom_store, tmp_path, place):
    run = shutil.copytree(tiny_classifier, tmp_path / "run")
    content = json.loads((run / "metrics.json").read_text())
    holder = content["splits"]["test"][place]
    del (holder if place == "metrics" else next(iter(holder.values())))["auroc"]
    (run / "metrics.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match=r"metrics\.json is damaged.*auroc"):
        load_results(run, Store.open(phantom_store))


def test_predictions_of_other_classes_than_the_scores_are_told(tiny_classifier, phantom_store, tmp_path):
    run = shutil.copytree(tiny_classifier, tmp_path / "run")
    with np.load(run / "predictions.npz") as file:
        arrays = dict(file)
    arrays["test/classes"] = np.array(["a", "b", "c"])
    np.savez(run / "predictions.npz", **arrays)
    with pytest.raises(UserError, match=r"predictions\.npz is damaged: .*classes a, b, c, not "):
        load_results(run, Store.open(phantom_store))
