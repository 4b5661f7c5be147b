"""The whole verb on a tiny run."""

import csv
import json

import numpy as np
import pytest
import torch
from PIL import Image

from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.explanation.config import ExplainConfig
from ganoscope.training.run_folder.trained_run import open_run
from ganoscope.workflows.explain import explain
from ganoscope.workflows.phantom import phantom


@pytest.fixture(scope="module")
def explained(tiny_run, phantom_store, tmp_path_factory):
    out = tmp_path_factory.mktemp("explained") / "out"
    return explain(tiny_run, phantom_store, out, ExplainConfig(number=6, explainer="hires_cam", device="cpu"))


def load_rows(folder):
    with (folder / "explanations.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_file_is_written(explained):
    names = {file.relative_to(explained.out).as_posix() for file in explained.out.rglob("*.*")}
    assert {"maps.npz", "explanations.csv", "results.json", "alarms.json", "summary.txt"} <= names
    figures = ("real_and_generated", "randomisation", "regions", "deletion_insertion")
    assert {f"figures/{name}.png" for name in figures} <= names
    assert {f"figures/randomisation_why_{side}.png" for side in ("real", "generated")} <= names
    assert sum(name.startswith("overlays/") for name in names) == 24
    for file in explained.out.glob("overlays/*.png"):
        assert min(Image.open(file).size) >= 256
    for file in explained.out.glob("figures/*.png"):
        assert Image.open(file).width == 1200


def test_numbers_agree_between_the_files(explained, tiny_run):
    rows, results = load_rows(explained.out), json.loads((explained.out / "results.json").read_text())
    maps = np.load(explained.out / "maps.npz")
    assert len(rows) == 12
    assert maps["real_why_real"].shape == (6, 32, 32)
    assert [row["sample_id"] for row in rows[:6]] == maps["real_ids"].tolist()
    np.testing.assert_allclose([float(row["why_real_max"]) for row in rows[:6]], maps["real_why_real"].max((1, 2)))
    inside = [
        float(row["why_generated_inside"]) for row in rows if row["set"] == "generated" and row["why_generated_inside"]
    ]
    found = results["findings"]["targets"]["why_generated"]["sets"]["generated"]["regions"]["inside"]["share"]
    assert found["value"] == pytest.approx(np.mean(inside), abs=1e-5)
    assert found["n"] == len(inside)
    assert results["layer"] == "levels.1"
    assert results["images"]["real"] == results["images"]["generated"] == 6
    run = open_run(tiny_run)
    assert results["generator_sha256"] == run.weights_sha256
    logits = run.networks["D"](torch.from_numpy(np.zeros((1, 1, 32, 32), np.float32))).logits
    assert torch.isfinite(logits).all()


def test_real_images_were_never_trained_on(explained, tiny_run, phantom_store):
    store, trained = Store.open(phantom_store), set(open_run(tiny_run).record.sample_ids)
    split = dict(zip(store.column("sample_id"), store.column("split"), strict=True))
    for row in load_rows(explained.out)[:6]:
        assert row["sample_id"] not in trained
        assert split[row["sample_id"]] == row["split"] == "test"


def test_curves_are_written_for_every_set_target_and_order(explained):
    with (explained.out / "curves.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 2 * 2 * 2 * 11
    for row in rows:
        assert row["images"] == "0" or float(row["low"]) <= float(row["score"]) <= float(row["high"])
    assert {row["kind"] for row in rows} == {"deletion", "insertion"}
    assert {row["order"] for row in rows} == {"map", "random"}


def test_summary_says_numbers_and_limits(explained):
    assert "AUROC" in explained.summary
    assert "95% interval" in explained.summary
    assert "can't show" in explained.summary
    assert "nan" not in explained.summary


def test_the_runs_own_store_is_named_without_an_alarm(explained):
    assert explained.summary.startswith(
        "The real images are from mri phantoms, the data that the run was trained on.\n"
    )
    assert "real_images_of_another_store" not in [alarm.code for alarm in explained.alarms]


def test_another_store_of_the_same_kind_is_an_alarm_that_names_both(tiny_run, phantom_store, tmp_path):
    phantom(tmp_path / "external", PhantomConfig(modality="mri", number=48, size=32, seed=9))
    description = tmp_path / "external" / "store.json"
    description.write_text(description.read_text().replace("mri phantoms", "external set"))
    config = ExplainConfig(number=2, explainer="hires_cam", device="cpu")
    explained = explain(tiny_run, tmp_path / "external", tmp_path / "out", config)
    alarms = json.loads((explained.out / "alarms.json").read_text())
    (alarm,) = [alarm for alarm in alarms if alarm["code"] == "real_images_of_another_store"]
    assert alarm["severity"] == "warning"
    for text in (alarm["message"].lower(), explained.summary.lower()):
        assert "the real images are from external set (fingerprint" in text
        assert "not from the data that the run was trained on: mri phantoms (fingerprint" in text
        assert str(tmp_path) not in text
        assert str(phantom_store) not in text
    assert not json.loads((explained.out / "results.json").read_text())["store_is_the_runs_own"]


def test_same_seed_same_numbers(explained, tiny_run, phantom_store, tmp_path):
    config = ExplainConfig(number=6, explainer="hires_cam", device="cpu")
    explain(tiny_run, phantom_store, tmp_path / "again", config)
    first, second = ((folder / "explanations.csv").read_bytes() for folder in (explained.out, tmp_path / "again"))
    assert first == second
    results = [json.loads((folder / "results.json").read_text()) for folder in (explained.out, tmp_path / "again")]
    assert results[0]["findings"] == results[1]["findings"]


def test_one_image_per_set_with_grad_cam(tiny_run, phantom_store, tmp_path):
    explained = explain(tiny_run, phantom_store, tmp_path / "one", ExplainConfig(number=1, layer="levels.1"))
    assert "nan" not in explained.summary
    assert json.loads((tmp_path / "one" / "results.json").read_text())["layer"] == "levels.1"


def test_faults_are_named(tiny_run, phantom_store, tmp_path):
    with pytest.raises(UserError, match=r"allowed, by the side.*levels\.2"):
        explain(tiny_run, phantom_store, tmp_path / "out", ExplainConfig(number=2, layer="nothing"))
    assert not (tmp_path / "out").exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(UserError, match="not empty"):
        explain(tiny_run, phantom_store, tmp_path / "full", ExplainConfig())
