"""Measurements of a folder of generated images: all spaces, by class, kept where nothing changed."""

import pytest

from ganoscope.classifiers.trained import open_classifier
from ganoscope.data.store import Store
from ganoscope.evaluate import generated_measurements, set_distance
from ganoscope.evaluate.generated_folder import read_generated
from ganoscope.evaluate.generated_measurements import measure_generated
from ganoscope.files import load_json
from ganoscope.training.run_folder.trained_run import open_run

NINE = {"frechet_distance", "kernel_distance", "precision", "recall", "density", "coverage"}
NINE |= {"clipped_density", "clipped_coverage", "vendi_score"}


@pytest.fixture
def few_draws(monkeypatch):
    monkeypatch.setattr(set_distance, "DISTANCE_RESAMPLES", 20)
    monkeypatch.setattr(set_distance, "DRAWS", 5)


def test_every_space_and_class_is_measured_with_floor_interval_and_number(
    few_draws, tiny_run, phantom_store, tiny_classifier, tmp_path, monkeypatch
):
    store, path = Store.open(phantom_store), tmp_path / "generated.json"
    folder = read_generated(phantom_store, open_run(tiny_run).record, 120)
    measure_generated(path, folder, store, open_classifier(tiny_classifier), (120, 0))
    content = load_json(path)
    assert [space["extractor"] for space in content["results"]] == [
        "random network, seed 0",
        "small_cnn, trained on mri phantoms",
    ]
    for space in content["results"]:
        assert set(space["all"]) == NINE
        for one in space["all"].values():
            assert one["value"]["low"] <= one["value"]["value"] <= one["value"]["high"]
            assert one["floor"]["n"] > 0
        assert sorted(space["classes"]) == sorted(set(store.column("label").tolist()))
        assert all(set(found) == NINE or "missing" in found for found in space["classes"].values())
    assert content["images"]["generated"] == 120
    monkeypatch.setattr(generated_measurements, "measure_spaces", None)
    measure_generated(path, folder, store, open_classifier(tiny_classifier), (120, 0))


def test_a_class_of_a_few_images_is_left_out_with_its_numbers(few_draws, tiny_run, phantom_store, tmp_path):
    folder = read_generated(phantom_store, open_run(tiny_run).record, 24)
    measure_generated(tmp_path / "generated.json", folder, Store.open(phantom_store), None, (24, 0))
    (space,) = load_json(tmp_path / "generated.json")["results"]
    assert all("20 or more are needed" in found["missing"] for found in space["classes"].values())
