"""The whole verb on a tiny run."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.explanation.checks import discriminator, effect, empty_maps, weights
from ganoscope.explanation.config import ExplainConfig
from ganoscope.explanation.feature_attribution import configure
from ganoscope.explanation.findings import Examination
from ganoscope.explanation.subjects import choose_real, order_by_turns
from ganoscope.explanation.summary import describe_failure, write_summary
from ganoscope.statistics.bootstrap import Estimate
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


def test_summary_says_numbers_and_limits(explained):
    assert "AUROC" in explained.summary
    assert "95 % interval" in explained.summary
    assert "can't say" in explained.summary
    assert "nan" not in explained.summary


def test_the_runs_own_store_is_named_without_an_alarm(explained):
    assert explained.summary.startswith("The real images are of mri phantoms, the data that the run learned from.\n")
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
        assert "the real images are of external set (fingerprint" in text
        assert "not of the data that the run learned from: mri phantoms (fingerprint" in text
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
        explain(tiny_run, phantom_store, tmp_path / "out", ExplainConfig(number=2, layer="nothing"))
    assert not (tmp_path / "out").exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(UserError, match="not empty"):
        explain(tiny_run, phantom_store, tmp_path / "full", ExplainConfig())


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


def test_a_store_of_another_modality_is_refused_where_both_are_known(tiny_run, phantom_store, tmp_path):
    run, store = open_run(tiny_run), Store.open(phantom_store)
    for modality in ("CR", "mixed"):
        with pytest.raises(UserError, match=f"another modality than the run learned from: got {modality}; allowed: MR"):
            choose_real(run, replace(store, modality=modality, fingerprint="other"), 1, 0)
    choose_real(run, replace(store, modality="", fingerprint="other"), 1, 0)
    gone = replace(run, record=replace(run.record, store=str(tmp_path / "gone")))
    choose_real(gone, replace(store, modality="CR", fingerprint="other"), 1, 0)
    changed = replace(run, record=replace(run.record, store_fingerprint="changed since"))
    choose_real(changed, replace(store, modality="CR", fingerprint="other"), 1, 0)


def test_an_explainer_without_layers_refuses_one():
    class Module:
        Config = Estimate

    with pytest.raises(UserError, match=r"--layer levels\.1"):
        configure(Module, "levels.1")


def find_alarms(module, findings):
    """Returns what a check finds in findings alone."""
    return list(module.CHECK.find(Examination(None, findings, None)))


def spoil(findings, **changes):
    """Returns findings of which the first target has other values."""
    name = "why_real"
    target = replace(findings.targets[name], **changes)
    return replace(findings, targets={**findings.targets, name: target})


def test_alarms(explained):
    findings = explained.findings
    blind = replace(findings, auroc=Estimate(0.5, 0.4, 0.6, 12, 12))
    assert [alarm.code for alarm in find_alarms(discriminator, blind)] == ["discriminator_blind"]
    ignoring = spoil(findings, final_rank_correlation=0.8)
    (alarm,) = find_alarms(weights, ignoring)
    assert (alarm.code, alarm.severity) == ("explanation_ignores_weights", "danger")
    assert "0.80" in alarm.message
    real = replace(findings.targets["why_real"].sets["real"], empty=6)
    (alarm,) = find_alarms(empty_maps, spoil(findings, sets={**findings.targets["why_real"].sets, "real": real}))
    assert alarm.evidence["why_real on real"] == 1.0
    gain = Estimate(-0.1, -0.2, 0.1, 6, 6)
    useless = replace(real, deletion=replace(real.deletion, gain=gain), insertion=replace(real.insertion, gain=gain))
    (alarm,) = find_alarms(effect, spoil(findings, sets={**findings.targets["why_real"].sets, "real": useless}))
    assert "why real on real" in alarm.message


def with_gains(findings, deletion, insertion):
    """Returns findings of which the maps of why real on generated images have other gains over random maps."""
    sets = findings.targets["why_real"].sets
    one = sets["generated"]
    one = replace(one, deletion=replace(one.deletion, gain=deletion), insertion=replace(one.insertion, gain=insertion))
    return spoil(findings, sets={**sets, "generated": one})


BETTER, SAME, WORSE, FEW = (
    Estimate(0.2, 0.1, 0.3, 6, 6), Estimate(0.1, -0.1, 0.3, 6, 6), Estimate(-0.2, -0.3, -0.1, 6, 6),
    Estimate(-0.2, -0.3, -0.1, 4, 4),
)  # fmt: skip


@pytest.mark.parametrize(
    ("deletion", "insertion", "alarming", "sentences"),
    [
        (BETTER, BETTER, False, []),
        (SAME, SAME, True, ["By blurring and bringing back, this explanation does no better than random maps"]),
        (WORSE, WORSE, True, ["By blurring and bringing back, this explanation does worse than random maps"]),
        (SAME, WORSE, True, ["By blurring, this explanation does no better", "By bringing back, this explanation "]),
        (BETTER, WORSE, False, ["By bringing back, this explanation does worse than random maps"]),
        (FEW, FEW, False, []),
    ],
)
def test_maps_no_better_than_random_are_named_also_where_sets_are_crossed(
    explained, deletion, insertion, alarming, sentences
):
    findings = with_gains(explained.findings, deletion, insertion)
    named = [name for alarm in find_alarms(effect, findings) for name in alarm.evidence]
    assert ("why_real on generated" in named) == alarming
    found = list(describe_failure(findings.targets["why_real"].sets["generated"]))
    assert len(found) == len(sentences)
    assert all(line.startswith(sentence) for line, sentence in zip(found, sentences, strict=True))


def test_summary_says_of_every_set_whether_its_maps_beat_random_ones(explained):
    findings = explained.findings
    for name in ("why_real", "why_generated"):
        sets = findings.targets[name].sets
        worse = {
            kind: replace(one, empty=0, deletion=replace(one.deletion, gain=WORSE),
                          insertion=replace(one.insertion, gain=WORSE))
            for kind, one in sets.items()
        }  # fmt: skip
        target = replace(findings.targets[name], sets=worse)
        findings = replace(findings, targets={**findings.targets, name: target})
    assert write_summary(findings, "x", 32, 4.0, "grad_cam", "levels.1").count("does worse than random maps") == 4
    (alarm,) = find_alarms(effect, findings)
    assert len(alarm.evidence) == 4
