"""A measurement that needs nothing but images is taken, kept, and shown in the report without being named there."""

import json
import shutil

import pytest

from ganoscope.data.store import Store
from ganoscope.evaluate import run_measurements
from ganoscope.reports.run.config import ReportConfig
from ganoscope.training.run_folder.trained_run import open_run
from ganoscope.workflows.report import report

DOTTED = "tests.fixtures.mean_brightness"


@pytest.fixture
def run(tiny_run, tmp_path, monkeypatch):
    monkeypatch.setattr(run_measurements, "available", lambda: {DOTTED: "", "diversity": "", "frechet_distance": ""})
    return shutil.copytree(tiny_run, tmp_path / "run")


def test_what_fits_is_measured_once_for_each_setting(run, phantom_store, tmp_path):
    trained, store = open_run(run), Store.open(phantom_store)
    run_measurements.measure_run(trained, store, tmp_path, 12, 0)
    assert [path.name for path in tmp_path.glob("*.json")] == ["mean_brightness.json"]
    path = tmp_path / "mean_brightness.json"
    found = json.loads(path.read_text())
    assert found["value"]["low"] <= found["value"]["value"] <= found["value"]["high"]
    assert (found["value"]["n"], found["weights_sha256"]) == (12, trained.weights_sha256)
    path.write_text(json.dumps({**found, "value": None}))
    run_measurements.measure_run(trained, store, tmp_path, 12, 0)
    assert json.loads(path.read_text())["value"] is None
    run_measurements.measure_run(trained, store, tmp_path, 12, 1)
    assert json.loads(path.read_text())["value"]["n"] == 12


def test_the_report_shows_it(run):
    page = report(run, config=ReportConfig(number=12)).read_text(encoding="utf-8")
    assert "mean brightness" in page.lower()
