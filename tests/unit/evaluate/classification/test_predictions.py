"""Predictions and scores of all parts, read back in full precision."""

import shutil

import numpy as np
import pytest
from tests.fixtures.predictions import predict

from ganoscope.classifiers.trained import open_classifier
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.evaluate.classification.metrics import score, to_json
from ganoscope.evaluate.classification.predictions import load_results, save_results


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


def test_groups_which_may_be_patients_stay_in_the_store(tiny_classifier):
    with np.load(tiny_classifier / "predictions.npz") as arrays:
        names = {name.partition("/")[2] for name in arrays.files}
    assert names == {"indices", "classes", "sample_ids", "codes", "probabilities", "uncalibrated"}
