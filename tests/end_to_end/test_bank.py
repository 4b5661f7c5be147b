"""`ganoscope bank` from a store to models on random halves of the patients: resumed, refused, never mixed up."""

import csv
import json
import os
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

import ganoscope
from ganoscope.banks import model_task
from ganoscope.banks.model_table import load_bank
from ganoscope.cli import execute
from ganoscope.data.store import Store
from ganoscope.data.store.derived import AddedImages, derive_store
from ganoscope.errors import UserError
from ganoscope.locks import one_writer
from ganoscope.training.run_folder.trained_run import open_run

QUICK = ["--method", "cgan", "--models", "4", "--images", "64", "--number", "8", "--seed", "3"]


@pytest.fixture(scope="module")
def finished(phantom_store, tmp_path_factory):
    """A bank of four models. Not to be changed."""
    out = tmp_path_factory.mktemp("banks") / "bank"
    assert execute(["bank", str(phantom_store), str(out), *QUICK]) == 0
    return out


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_model_is_listed_and_has_learned_from_its_members_alone(finished, phantom_store):
    members, store = read(finished / "membership.csv"), Store.open(phantom_store)
    assert [row["sample_id"] for row in members] == store.column("sample_id").tolist()
    assert {sum(row[f"model_{model:04d}"] == "yes" for model in range(4)) for row in members} == {2}
    models = read(finished / "models.csv")
    assert [row["model"] for row in models] == [f"model_{model:04d}" for model in range(4)]
    for row in models:
        inside = [one["sample_id"] for one in members if one[row["model"]] == "yes"]
        run = open_run(finished / row["folder"] / "run", "cpu")
        assert run.record.sample_ids == inside
        assert (int(row["images"]), row["weights_sha256"]) == (len(inside), run.weights_sha256)
        assert int(row["patients"]) == len({one["group"] for one in members if one[row["model"]] == "yes"})
        assert Store.open(finished / row["folder"] / "images").count == 8
    assert len({row["weights_sha256"] for row in models}) == 4


def test_no_half_of_the_patients_is_left_on_disk(finished):
    assert hasattr(model_task, "make_model")
    assert list(finished.rglob("images.npy")) == list(finished.rglob("images/images.npy"))
    assert not list(finished.rglob("*.partial"))
    assert (finished / "samples.png").stat().st_size > 1000


def test_the_plan_and_its_cost_are_told_first(phantom_store, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("ganoscope.workflows.bank.run_tasks", lambda *_: sys.exit(9))
    with pytest.raises(SystemExit):
        execute(["bank", str(phantom_store), str(tmp_path / "bank"), *QUICK])
    told = " ".join(capsys.readouterr().out.split())
    assert "144 of 36 patients of mri phantoms, whatever their split" in told
    assert "estimated cost: 4 trainings of generator cgan (" in told
    assert (tmp_path / "bank" / "bank.json").exists()


def test_the_same_call_is_done_at_once_and_changes_nothing(finished, phantom_store, monkeypatch, capsys):
    before = {path.name: path.read_bytes() for path in finished.glob("*.*")}
    with monkeypatch.context() as patched:
        for place, name in ((subprocess, "Popen"), (torch.nn.Module, "__init__")):
            patched.setattr(place, name, lambda *_, **__: pytest.fail("nothing is to be made"))
        assert execute(["bank", str(phantom_store), str(finished), *QUICK]) == 0
    assert {path.name: path.read_bytes() for path in finished.glob("*.*")} == before
    assert execute(["bank", str(phantom_store), str(finished), *QUICK[:-2], "--seed", "4"]) == 2
    assert "was frozen with seed 3; got 4" in capsys.readouterr().err


def test_another_store_and_edited_files_are_refused(finished, phantom_store, tmp_path, capsys):
    assert execute(["phantom", str(tmp_path / "other"), "--number", "40", "--size", "32", "--modality", "cxr"]) == 0
    assert execute(["bank", str(tmp_path / "other"), str(finished), *QUICK]) == 2
    told = capsys.readouterr().err
    assert f"was frozen with fingerprint {Store.open(phantom_store).fingerprint}; got " in told
    copy = shutil.copytree(finished, tmp_path / "copy")
    table = copy / "membership.csv"
    table.write_text(table.read_text().replace("yes", "no", 1))
    assert execute(["bank", str(phantom_store), str(copy), *QUICK]) == 2
    assert "membership.csv was changed after it was frozen" in capsys.readouterr().err


def test_a_moved_bank_goes_on_and_is_read_from_python(finished, phantom_store, tmp_path):
    copy = shutil.copytree(finished, tmp_path / "moved")
    config = ganoscope.BankConfig(method="cgan", models=4, images=64, number=8, seed=3)
    made = ganoscope.bank(str(phantom_store), str(copy), config)
    assert made == load_bank(copy)
    assert [one.images for one in made.models] == [int(row["images"]) for row in read(finished / "models.csv")]
    (copy / "models.csv").unlink()
    with pytest.raises(UserError, match="is not finished"):
        load_bank(copy)
    (copy / "bank.json").unlink()
    with pytest.raises(UserError, match=r"bank.json is missing, and with it what this bank was frozen to"):
        ganoscope.bank(phantom_store, copy, config)


def test_mistakes_are_told_and_leave_nothing_behind(phantom_store, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    places = {"tmp": tmp_path, "store": phantom_store}
    for options, out, words in (
        (["--models", "5"], "bank", "--models is odd: got 5; allowed: even numbers"),
        (["--method", "cyclegan"], "bank", "--method translates images: got cyclegan"),
        (["--engine", "ray"], "bank", "engine ray needs a library that can't be imported"),
        ([], "mine", "is not empty and holds no bank"),
    ):
        assert_told(["bank", "{store}", f"{{tmp}}/{out}", *QUICK, *options], words, places, capsys)
    with one_writer(tmp_path / "bank"):
        assert execute(["bank", str(phantom_store), str(tmp_path / "bank"), *QUICK]) == 2
    assert "is being written by another process" in capsys.readouterr().err


def test_a_study_is_no_bank(phantom_store, tmp_path, capsys):
    (tmp_path / "tasks").mkdir()
    for name in ("design.json", "costs.json"):
        (tmp_path / name).write_text("{}")
    assert execute(["bank", str(phantom_store), str(tmp_path), *QUICK]) == 2
    assert "is not empty and holds no bank" in capsys.readouterr().err


def test_a_store_without_patients_and_classes_says_what_can_not_be_claimed(phantom_store, tmp_path, capsys):
    store = Store.open(phantom_store)
    rows = [replace(row, patient="", label="") for row in store.samples()]
    added = AddedImages(np.asarray(store.images[np.arange(store.count)]), rows)
    bare = derive_store(store, np.full(store.count, ""), tmp_path / "bare", added).path
    assert execute(["bank", str(bare), str(tmp_path / "refused"), *QUICK]) == 2
    assert "method cgan needs the class of every training image" in capsys.readouterr().err
    options = ["--method", "r3gan", "--models", "2", "--images", "32", "--number", "4"]
    assert execute(["bank", str(bare), str(tmp_path / "bank"), *options]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "nothing that is measured with this bank can be claimed about patients" in told
    assert "not conditioned on classes" in told
    folder = tmp_path / "bank" / read(tmp_path / "bank" / "models.csv")[0]["folder"]
    assert set(Store.open(folder / "images").column("label")) == {""}


LONGER = [*QUICK, "--images", "320"]
"""Long enough to be interrupted."""


@pytest.fixture(scope="module")
def whole(phantom_store, tmp_path_factory):
    """The longer bank, never interrupted. Not to be changed."""
    out = tmp_path_factory.mktemp("banks") / "whole"
    assert execute(["bank", str(phantom_store), str(out), *LONGER]) == 0
    return out


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_bank_goes_on_to_the_same_models(number, whole, phantom_store, tmp_path):
    out = tmp_path / "bank"
    command = [sys.executable, "-m", "ganoscope", "bank", str(phantom_store), str(out), *LONGER, "--cores", "1"]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while not list(out.glob("tasks/*/task.json")) or not list(out.glob("tasks/.*.partial/run/checkpoints/0*")):
        assert process.poll() is None
        time.sleep(0.02)
    os.kill(process.pid, number)
    process.communicate()
    assert not (out / "models.csv").exists()
    assert execute(["bank", str(phantom_store), str(out), *LONGER]) == 0
    for table in ("membership.csv", "models.csv"):
        first, again = ([{**row, "seconds": ""} for row in read(folder / table)] for folder in (whole, out))
        assert first == again
    keys = [row["folder"] for row in read(out / "models.csv")]
    pixels = [(out / key / "images" / "images.npy").read_bytes() for key in keys]
    assert pixels == [(whole / key / "images" / "images.npy").read_bytes() for key in keys]
    assert json.loads((out / "bank.json").read_text())["plan"]["models"] == 4
