"""The whole verb on a tiny run."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.explain.bootstrap import Estimate
from ganoscope.explain.discriminator import ExplainConfig, configure, explain_run
from ganoscope.explain.findings import check_discriminator, check_effect, check_empty, check_weights
from ganoscope.explain.subjects import choose_real, order_by_turns
from ganoscope.training.restore import open_run


@pytest.fixture(scope="module")
def explained(tiny_run, phantom_store, tmp_path_factory):
    out = tmp_path_factory.mktemp("explained") / "out"
    return explain_run(tiny_run, phantom_store, out, ExplainConfig(number=6, explainer="hires_cam", device="cpu"))


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


def test_summary_says_numbers_and_limits(explained):
    assert "AUROC" in explained.summary
    assert "95 % interval" in explained.summary
    assert "can't say" in explained.summary
    assert "nan" not in explained.summary


def test_same_seed_same_numbers(explained, tiny_run, phantom_store, tmp_path):
    config = ExplainConfig(number=6, explainer="hires_cam", device="cpu")
    explain_run(tiny_run, phantom_store, tmp_path / "again", config)
    first, second = ((folder / "explanations.csv").read_bytes() for folder in (explained.out, tmp_path / "again"))
    assert first == second
    results = [json.loads((folder / "results.json").read_text()) for folder in (explained.out, tmp_path / "again")]
    assert results[0]["findings"] == results[1]["findings"]


def test_one_image_per_set_with_grad_cam(tiny_run, phantom_store, tmp_path):
    explained = explain_run(tiny_run, phantom_store, tmp_path / "one", ExplainConfig(number=1, layer="levels.1"))
    assert "nan" not in explained.summary
    assert json.loads((tmp_path / "one" / "results.json").read_text())["layer"] == "levels.1"


def test_groups_are_spread_and_test_comes_before_validation(tiny_run, phantom_store):
    run, store = open_run(tiny_run), Store.open(phantom_store)
    everything = choose_real(run, store, 10_000, 0)
    assert everything.splits == sorted(everything.splits)
    tests = [group for group, split in zip(everything.groups, everything.splits, strict=True) if split == "test"]
    assert len(set(tests[: len(set(tests))])) == len(set(tests))
    samples = [sample for sample in store.samples() if sample.split == "test"]
    assert order_by_turns(samples, 0) != order_by_turns(samples, 1)


def test_faults_are_named(tiny_run, phantom_store, tmp_path):
    with pytest.raises(UserError) as caught:
        ExplainConfig(number=0, seed=-1, explainer="magic")
    assert all(word in str(caught.value) for word in ("--number", "--seed", "--explainer", "grad_cam"))
    with pytest.raises(UserError, match=r"allowed, by the side.*levels\.2"):
        explain_run(tiny_run, phantom_store, tmp_path / "out", ExplainConfig(number=2, layer="nothing"))
    assert not (tmp_path / "out").exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(UserError, match="not empty"):
        explain_run(tiny_run, phantom_store, tmp_path / "full", ExplainConfig())


def test_a_store_that_does_not_fit_is_refused(tiny_run, phantom_store):
    run, store = open_run(tiny_run), Store.open(phantom_store)
    intensity = replace(store.intensity, high=99.0)
    with pytest.raises(UserError) as caught:
        choose_real(run, replace(store, size=64, intensity=intensity), 4, 0)
    assert "another size" in str(caught.value)
    assert "other intensities" in str(caught.value)
    known = replace(run, record=replace(run.record, sample_ids=store.column("sample_id").tolist()))
    with pytest.raises(UserError, match="no held-out image"):
        choose_real(known, store, 4, 0)


def test_an_explainer_without_layers_refuses_one():
    class Module:
        Config = Estimate

    with pytest.raises(UserError, match=r"--layer levels\.1"):
        configure(Module, "levels.1")


def spoil(findings, **changes):
    """Returns findings of which the first target has other values."""
    name = "why_real"
    target = replace(findings.targets[name], **changes)
    return replace(findings, targets={**findings.targets, name: target})


def test_alarms(explained):
    findings = explained.findings
    blind = replace(findings, auroc=Estimate(0.5, 0.4, 0.6, 12, 12))
    assert [alarm.code for alarm in check_discriminator(blind)] == ["discriminator_blind"]
    ignoring = spoil(findings, final_rank_correlation=0.8)
    (alarm,) = check_weights(ignoring)
    assert (alarm.code, alarm.severity) == ("explanation_ignores_weights", "danger")
    assert "0.80" in alarm.message
    real = replace(findings.targets["why_real"].sets["real"], empty=6)
    (alarm,) = check_empty(spoil(findings, sets={**findings.targets["why_real"].sets, "real": real}))
    assert alarm.evidence["why_real on real"] == 1.0
    gain = Estimate(-0.1, -0.2, 0.1, 6, 6)
    useless = replace(real, deletion=replace(real.deletion, gain=gain), insertion=replace(real.insertion, gain=gain))
    (alarm,) = check_effect(spoil(findings, sets={**findings.targets["why_real"].sets, "real": useless}))
    assert "why real on real" in alarm.message
