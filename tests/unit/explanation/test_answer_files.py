"""Heat maps of a classifier's run folder, read back as computed; their alarms are written once."""

import shutil

import numpy as np
import pytest

from ganoscope.alarms import load_alarms
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.evaluate.classification.predictions import load_results
from ganoscope.explanation.answer_files import explain_run, load_heat_maps


@pytest.fixture
def store(phantom_store):
    return Store.open(phantom_store)


def test_heat_maps_are_read_back_as_computed_and_alarms_are_written_once(tiny_classifier, store, tmp_path):
    run = shutil.copytree(tiny_classifier, tmp_path / "run")
    heat = explain_run(run, store, "cpu")
    again = load_heat_maps(run, load_results(run, store)["test"].predictions)
    np.testing.assert_array_equal(again.maps, heat.maps)
    np.testing.assert_array_equal(again.rows, heat.rows)
    assert (again.layer, again.dependence, again.inside, again.area) == (
        heat.layer, heat.dependence, heat.inside, heat.area
    )  # fmt: skip
    for label, kinds in heat.galleries.items():
        assert {kind: rows.tolist() for kind, rows in again.galleries[label].items()} == {
            kind: rows.tolist() for kind, rows in kinds.items()
        }
    assert load_alarms(run / "alarms.json") == load_alarms(tiny_classifier / "alarms.json")
    for name in ("heat_maps.npz", "heat_maps.json"):
        assert (run / name).read_bytes() == (tiny_classifier / name).read_bytes()


def test_a_run_without_predictions_is_refused(tiny_classifier, store, tmp_path):
    run = shutil.copytree(tiny_classifier, tmp_path / "run")
    (run / "predictions.npz").unlink()
    with pytest.raises(UserError, match=r"predictions\.npz is missing"):
        explain_run(run, store, "cpu")
