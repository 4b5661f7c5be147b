"""`ganoscope study` from a store to a verdict: nested splits, resumed, refused where it can't decide or has leaks."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.fixtures.commands import assert_told

from ganoscope.cli import execute
from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.store import Store
from ganoscope.data.store.derived import AddedImages, derive_store
from ganoscope.locks import one_writer
from ganoscope.studies.config import StudyConfig
from ganoscope.studies.judgement import load_judgement
from ganoscope.studies.steps import added_images, chosen_patients, classifier, evaluation, generator
from ganoscope.workflows.phantom import phantom
from ganoscope.workflows.study import study

STEPS = (added_images, chosen_patients, classifier, evaluation, generator)
QUICK = ["--families", "random_features", "--arms", "baseline", "classical", "--seed", "3"]
QUICK += ["--repeats", "1", "--folds", "6"]


@pytest.fixture(scope="module")
def finished(phantom_store, tmp_path_factory):
    """A study of six splits without a generator."""
    out = tmp_path_factory.mktemp("studies") / "study"
    assert execute(["study", str(phantom_store), str(out), *QUICK]) == 0
    return out


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_task_of_a_study_is_a_listed_step():
    assert all(hasattr(module, name) for module in STEPS for name in module.REVISIONS)


def test_a_study_ends_with_a_verdict_and_tables(finished):
    found = load_judgement(finished)
    assert found.word in ("helps", "harms", "practically equal", "no evidence")
    rows = read(finished / "results.csv")
    assert {(row["split"], row["arm"]) for row in rows} == {
        (str(split), arm) for split in range(6) for arm in ("baseline", "classical")
    }
    primary = next(one for one in found.comparisons if one.decides)
    by_arm = {
        arm: np.array([float(row["auroc"]) for row in rows if row["arm"] == arm]) for arm in ("classical", "baseline")
    }
    assert primary.differences == pytest.approx(by_arm["classical"] - by_arm["baseline"])


def test_nothing_that_learns_holds_a_held_out_patient(finished, phantom_store):
    store = Store.open(phantom_store)
    patients = dict(zip(store.column("sample_id"), store.column("patient"), strict=True))
    held_out, closed = {}, set(store.column("sample_id")[store.indices("test")])
    for row in read(finished / "splits.csv"):
        if row["part"] == "test":
            held_out.setdefault(row["split"], set()).add(patients[row["sample_id"]])
    seen = 0
    for record in finished.glob("tasks/*/task.json"):
        described = json.loads(record.read_text())
        if described["work"]["function"].endswith(":take_training"):
            learned = Store.open(record.parent / "store")
            assert not set(learned.column("patient")) & held_out[str(described["work"]["arguments"]["number"])]
            assert not set(learned.column("sample_id")) & closed
            seen += 1
    assert seen == 6


def test_the_same_call_is_done_at_once_and_changes_nothing(finished, phantom_store, capsys):
    before = {path.name: path.read_bytes() for path in finished.glob("*.*") if path.name != "report.html"}
    start = time.monotonic()
    assert execute(["study", str(phantom_store), str(finished), *QUICK]) == 0
    assert time.monotonic() - start < 30
    assert {path.name: path.read_bytes() for path in finished.glob("*.*") if path.name != "report.html"} == before
    capsys.readouterr()
    assert execute(["study", str(phantom_store), str(finished), *QUICK, "--margin", "0.2"]) == 2
    assert "was frozen with margin 0.01; got 0.2" in capsys.readouterr().err


def test_a_finished_study_starts_no_process_and_builds_no_network(finished, phantom_store, tmp_path, monkeypatch):
    """What costs time is found only where something is to be made."""
    copy, generated = shutil.copytree(finished, tmp_path / "study"), ["--generator", "cgan", "--generator-images", "64"]
    small = ["--arms", "baseline", "augmented", "--families", "random_features", "--repeats", "1", "--folds", "2"]
    command = ["study", str(phantom_store), str(tmp_path / "generated"), *small, *generated, "--exploratory"]
    assert execute(command) == 0

    def refuse_work(*_, **__):
        raise AssertionError("nothing is to be made")

    monkeypatch.setattr(subprocess, "Popen", refuse_work)
    monkeypatch.setattr(torch.nn.Module, "__init__", refuse_work)
    assert execute(command) == 0
    assert execute(["study", str(phantom_store), str(copy), *QUICK]) == 0


def test_a_result_that_was_changed_is_made_again(finished, phantom_store, tmp_path):
    copy = shutil.copytree(finished, tmp_path / "study")
    victim = next(path for path in sorted(copy.glob("tasks/*/results.csv")))
    victim.write_text(victim.read_text().replace("held_out", "held_in"))
    assert execute(["study", str(phantom_store), str(copy), *QUICK]) == 0
    assert (copy / "verdict.json").read_bytes() == (finished / "verdict.json").read_bytes()


def test_a_design_that_cannot_decide_is_refused_before_anything_is_trained(phantom_store, tmp_path, capsys):
    few = [*QUICK[:-4], "--repeats", "1", "--folds", "5"]
    assert execute(["study", str(phantom_store), str(tmp_path / "few"), *few]) == 2
    told = capsys.readouterr().err
    assert "this design can't decide: the smallest difference that 5 splits could show is 2.5" in told
    assert "--exploratory" in told
    assert not (tmp_path / "few" / "design.json").exists()


def test_an_exploratory_study_says_so_first(phantom_store, tmp_path, capsys):
    few = ["--families", "random_features", "--arms", "baseline", "classical", "--repeats", "1", "--folds", "2"]
    assert execute(["study", str(phantom_store), str(tmp_path / "few"), *few, "--exploratory"]) == 0
    assert load_judgement(tmp_path / "few").warnings[0].startswith("Exploratory:")
    assert "Exploratory: this design can't decide" in capsys.readouterr().out


def test_every_verdict_of_an_exploratory_study_is_marked_wherever_it_is_printed(phantom_store, tmp_path, capsys):
    few = ["--families", "random_features", "--arms", "baseline", "classical", "duplicated", "--repeats", "1"]
    out = tmp_path / "few"
    few += ["--folds", "2", "--exploratory", "--margin", "0.5"]
    assert execute(["study", str(phantom_store), str(out), *few]) == 0
    found, plain = (
        json.loads((out / "verdict.json").read_text()),
        ("helps", "harms", "practically equal", "no evidence"),
    )
    words = [found["word"], *(one["verdict"]["word"] for one in found["comparisons"])]
    assert {word.partition(" (exploratory)")[1:] for word in words} == {(" (exploratory)", "")}
    page = (out / "report.html").read_text()
    cells = [cell.strip() for cell in re.findall(r"<td[^>]*>([^<]*)</td>", page)]
    assert not set(cells) & set(plain)
    assert cells.count(words[0]) >= 2, "in the table that decides, and in that of all arms"
    for shown in (page, (out / "comparison_report.txt").read_text(), capsys.readouterr().out):
        assert f"random_features: {words[0]}. Mean difference" in " ".join(shown.split())
        assert " ".join(shown.split()).count("(exploratory)") >= len(words)


def test_a_folder_that_holds_something_else_is_refused(phantom_store, tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("mine")
    assert execute(["study", str(phantom_store), str(tmp_path), *QUICK]) == 2
    assert "is not empty and holds no study" in capsys.readouterr().err


@pytest.mark.slow
def test_an_interrupted_study_goes_on_to_the_same_verdict(finished, phantom_store, tmp_path):
    out = tmp_path / "study"
    command = [sys.executable, "-m", "ganoscope", "study", str(phantom_store), str(out), *QUICK]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    for _ in range(600):
        if len(list(out.glob("tasks/*/task.json"))) > 8:
            break
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGTERM)
    told = process.communicate()[1].decode()
    assert process.returncode == 128 + signal.SIGTERM
    assert "Traceback" not in told
    assert not (out / "verdict.json").exists()
    assert execute(["study", str(phantom_store), str(out), *QUICK]) == 0
    assert (out / "verdict.json").read_bytes() == (finished / "verdict.json").read_bytes()


@pytest.mark.slow
def test_generated_images_are_drawn_from_a_generator_of_the_split(phantom_store, tmp_path, capsys):
    arms = ["baseline", "augmented", "curriculum", "filtered", "shuffled_labels", "synthetic_only"]
    options = ["--arms", *arms, "--generator", "cgan", "--generator-images", "160", "--repeats", "1", "--folds", "2"]
    options += ["--min-label-confidence", "0.3", "--epochs", "2", "--schedule", "0:0.5", "--batch-size", "8"]
    options += ["--exploratory", "--low-data", "0.5"]
    assert execute(["study", str(phantom_store), str(tmp_path / "study"), *options]) == 0
    rows = read(tmp_path / "study" / "results.csv")
    assert {row["arm"] for row in rows} == {*arms, "baseline@0.5"}
    assert {row["arm"] for row in rows if row["part"] == "held_out"} == {*arms, "baseline@0.5"}
    assert {row["arm"] for row in rows if row["part"] == "synthetic"} == {"baseline", "baseline@0.5"}
    assert {row["arm"] for row in rows if row["family"] == "random_features"} == {*arms, "baseline@0.5"} - {
        "curriculum"
    }
    splits = read(tmp_path / "study" / "splits.csv")
    for record in (tmp_path / "study").glob("tasks/*/run/run.json"):
        seen = set(json.loads(record.read_text())["sample_ids"])
        described = json.loads((record.parents[1] / "task.json").read_text())
        number = described["name"].split()[1].rstrip(":")
        held_out = {
            row["sample_id"] for row in splits if row["split"] == str(int(number) - 1) and row["part"] == "test"
        }
        assert held_out
        assert not seen & held_out


@pytest.mark.slow
def test_images_like_the_real_ones_are_worth_something_and_the_other_tool_is_named(tmp_path):
    phantom(tmp_path / "real", PhantomConfig(modality="cxr", number=360, size=32, seed=1))
    phantom(tmp_path / "oracle", PhantomConfig(modality="cxr", number=600, size=32, seed=2))
    config = StudyConfig(
        arms=("baseline", "external"),
        families=("random_features",),
        synthetic=tmp_path / "oracle",
        synthetic_patients="unknown",
        real_fraction=0.25,
        ratios=(8.0,),
        repeats=3,
        folds=5,
    )
    found = study(tmp_path / "real", tmp_path / "study", config)
    assert found.word == "helps"
    assert found.warnings[0].startswith("Unverifiable:")


def test_a_pilot_tells_what_to_expect_and_opens_no_held_out_patient(phantom_store, tmp_path):
    options = ["--families", "random_features", "--arms", "baseline", "classical", "--repeats", "1", "--folds", "2"]
    out = tmp_path / "study"
    assert execute(["study", str(phantom_store), str(out), *options, "--pilot", "2", "--exploratory"]) == 0
    design = json.loads((out / "design.json").read_text())["design"]
    assert 0 < design["options"]["expected_sd"] < 1
    assert design["options"]["pilot"] == 0


def test_the_presets_keep_the_options_of_system_e_and_each_can_be_changed(phantom_store, tmp_path, capsys):
    from ganoscope.cli import parse

    preset = ["--preset", "rsna-resnet50"]
    config = parse("study", [str(phantom_store), str(tmp_path), *preset, "--epochs", "7"]).config
    assert (config.families, config.folds, config.number, config.epochs) == (("resnet50",), 5, 5000, 7)
    assert config.arms == ("baseline", "augmented", "curriculum")
    assert execute(["study", str(phantom_store), str(tmp_path), "--preset", "other"]) == 2
    assert "no such preset of a study: got other" in capsys.readouterr().err


def test_a_moved_study_goes_on_and_one_without_its_design_is_refused(finished, phantom_store, tmp_path, capsys):
    copy = shutil.copytree(finished, tmp_path / "moved")
    assert execute(["study", str(phantom_store), str(copy), *QUICK]) == 0
    assert "made again" not in capsys.readouterr().err
    assert (copy / "verdict.json").read_bytes() == (finished / "verdict.json").read_bytes()
    (copy / "design.json").unlink()
    assert execute(["study", str(phantom_store), str(copy), *QUICK, "--margin", "0.2"]) == 2
    assert "design.json is missing, and with it what this study was frozen to" in capsys.readouterr().err


ABSENT = {
    "ray": "engine ray needs a library that can't be imported: got .*; allowed: pip install 'ganoscope[cluster]'",
    "submitit": "SLURM is not on this machine: got no command sbatch, .*; allowed: a machine of the cluster",
    "slurm": "nothing called slurm in engines; allowed: local, ray, submitit",
}


@pytest.mark.parametrize("engine", ABSENT)
def test_an_engine_that_is_not_there_is_refused_before_anything_is_written(
    engine, phantom_store, tmp_path, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setitem(sys.modules, "submitit", sys.modules[__name__])
    monkeypatch.setenv("PATH", str(tmp_path))
    started = []
    monkeypatch.setattr(subprocess, "Popen", lambda *command, **_: started.append(command))
    places = {"tmp": tmp_path, "store": phantom_store}
    command = ["study", "{store}", "{tmp}/study", *QUICK, "--engine", engine]
    for words in ABSENT[engine].split(".*"):
        assert_told(command, words, places, capsys)
    assert not started


def test_both_a_library_and_slurm_that_are_missing_are_told_at_once(phantom_store, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "submitit", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert execute(["study", str(phantom_store), str(tmp_path / "study"), *QUICK, "--engine", "submitit"]) == 2
    told = capsys.readouterr().err
    assert "engine submitit needs a library that can't be imported" in told
    assert "SLURM is not on this machine" in told
    assert not (tmp_path / "study").exists()


def test_two_calls_into_one_study_are_refused(finished, phantom_store, tmp_path, capsys):
    with one_writer(tmp_path / "study"):
        assert execute(["study", str(phantom_store), str(tmp_path / "study"), *QUICK]) == 2
    assert "is being written by another process" in capsys.readouterr().err


def test_a_store_without_patients_says_what_can_not_be_claimed(phantom_store, tmp_path, capsys):
    store = Store.open(phantom_store)
    splits = np.where(store.column("split") == "test", "", store.column("split"))
    rows = [replace(row, patient="") for row in store.samples() if row.split != "test"]
    added = AddedImages(np.asarray(store.images[splits != ""]), rows)
    bare = derive_store(store, np.full(store.count, ""), tmp_path / "bare", added).path
    assert execute(["study", str(bare), str(tmp_path / "study"), *QUICK]) == 0
    assert load_judgement(tmp_path / "study").warnings[0].endswith("Nothing can be claimed about new patients.")
    assert "groups of near-duplicates (patients are not known)" in capsys.readouterr().out
