"""The commands, one after the other, as a user types them; and what they say to mistakes."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganoscope import cli
from ganoscope.cli import execute
from ganoscope.data.store import Store
from ganoscope.files import compute_sha256, new_folder
from ganoscope.training.run_folder.trained_run import open_run

SMALL = ["--generator-channels", "4", "--discriminator-channels", "4", "--batch-size", "16", "--images", "96"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pipeline")


def run(*arguments):
    return execute([str(argument) for argument in arguments])


def test_a_folder_of_pictures_becomes_an_explained_gan(folder, capsys):
    rng = np.random.default_rng(0)
    for split, count in (("Training", 40), ("Testing", 12)):
        for label in ("a", "b"):
            (folder / "source" / split / label).mkdir(parents=True)
            for index in range(count):
                blob = rng.normal(0, 25, (40, 36)) + 90 + 60 * np.outer(np.hanning(40), np.hanning(36))
                picture = Image.fromarray(blob.clip(0, 255).astype(np.uint8))
                picture.save(folder / "source" / split / label / f"{label}{index}.png")
    assert run("prepare", folder / "source", folder / "store", "--size", "32") == 0
    assert run("inspect", folder / "store") == 0
    assert "104 images of 32 x 32" in capsys.readouterr().out
    assert run("train", "dcgan", folder / "store", folder / "run", *SMALL) == 0
    assert run("generate", folder / "run", folder / "generated", "--number", "20", "--seed", "5") == 0
    assert run("explain", folder / "run", folder / "store", folder / "explanations", "--number", "12") == 0
    assert run("report", folder / "run", "--explanations", folder / "explanations") == 0
    page = (folder / "run" / "report.html").read_text(encoding="utf-8")
    assert page.index("Alarms") < page.index("Provenance")
    assert "source/" not in page
    sheet = np.asarray(Image.open(folder / "store" / "contact_sheet.png").convert("L"))
    assert sheet.std() > 20


def test_generated_files_are_in_stored_units_marked_and_listed(folder):
    with (folder / "generated" / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == [f"{index:06d}.png" for index in range(20)]
    assert {row["synthetic"] for row in rows} == {"yes"}
    with Image.open(folder / "generated" / "000003.png") as image:
        assert (image.mode, image.size) == ("L", (32, 32))
        assert image.text["Description"].startswith("SYNTHETIC")
        assert image.text["ganoscope:seed"] == "5"


@pytest.mark.parametrize("batch_size", [1, 7, 64])
def test_the_same_seed_gives_the_same_files_whatever_the_batch_size(folder, tmp_path, batch_size):
    assert run("generate", folder / "run", tmp_path / "g", "--number", 20, "--seed", 5, "--batch-size", batch_size) == 0
    for path in sorted((folder / "generated").glob("0*.png")):
        assert compute_sha256(path) == compute_sha256(tmp_path / "g" / path.name)


def test_another_seed_gives_other_images_and_a_longer_call_the_same_first_ones(folder, tmp_path):
    assert run("generate", folder / "run", tmp_path / "other", "--number", 3, "--seed", 6) == 0
    assert run("generate", folder / "run", tmp_path / "longer", "--number", 25, "--seed", 5) == 0
    first = compute_sha256(folder / "generated" / "000000.png")
    assert compute_sha256(tmp_path / "other" / "000000.png") != first
    assert compute_sha256(tmp_path / "longer" / "000000.png") == first


def test_a_run_repeats_from_its_record(folder, tmp_path):
    assert run("train", "--from", folder / "run" / "run.json", tmp_path / "again") == 0
    assert open_run(tmp_path / "again").weights_sha256 == open_run(folder / "run").weights_sha256


def test_hounsfield_units_survive_the_way_to_png(tmp_path):
    assert run("phantom", tmp_path / "ct", "--modality", "ct", "--number", 60, "--size", 32) == 0
    store = Store.open(tmp_path / "ct")
    assert (store.images.dtype, store.intensity.unit) == (np.int16, "HU")
    assert store.images.min() < -900
    assert run("train", "dcgan", tmp_path / "ct", tmp_path / "run", *SMALL) == 0
    assert run("generate", tmp_path / "run", tmp_path / "out", "--number", 2) == 0
    with Image.open(tmp_path / "out" / "000000.png") as image:
        pixels = np.asarray(image)
        assert image.text["ganoscope:offset"] == "1024"
    assert pixels.dtype == np.uint16
    assert pixels.max() <= 1500 + 1024


MISTAKES = {
    "missing source": (["prepare", "{tmp}/nowhere", "{tmp}/s"], "does not exist"),
    "empty source": (["prepare", "{tmp}/empty", "{tmp}/s"], "holds no files"),
    "one image": (["prepare", "{tmp}/one", "{tmp}/s"], "too few independent images"),
    "text only": (["prepare", "{tmp}/text", "{tmp}/s"], "holds no usable image"),
    "size too small": (["prepare", "{tmp}/one", "{tmp}/s", "--size", "4"], "--size is out of range: got 4"),
    "no group in pattern": (["prepare", "{tmp}/one", "{tmp}/s", "--patient-pattern", "x"], "has no group"),
    "store is there": (["phantom", "{store}"], "exists and is not empty"),
    "too few phantoms": (["phantom", "{tmp}/p", "--number", "2"], "--number is too small"),
    "no store": (["inspect", "{tmp}/empty"], "store.json is missing"),
    "no method": (["train", "stylegan9", "{store}", "{tmp}/r"], "allowed: cam_gan, cgan, cut, cyclegan"),
    "size of the method": (["train", "dcgan", "{odd}", "{tmp}/r"], "got 36; allowed: multiples of 16"),
    "method's option": (["train", "dcgan", "{store}", "{tmp}/r", "--beta1", "1.5"], "beta1 is out of range: got 1.5"),
    "no run": (["generate", "{tmp}/empty", "{tmp}/g"], "run.json is missing"),
    "nothing to generate": (["generate", "{run}", "{tmp}/g", "--number", "0"], "--number is too small: got 0"),
    "no such checkpoint": (["generate", "{run}", "{tmp}/g", "--checkpoint", "7"], "no checkpoint at 7 images; allowed"),
    "output is there": (["generate", "{run}", "{store}"], "exists and is not empty"),
    "explain without run": (["explain", "{tmp}/empty", "{store}", "{tmp}/e"], "run.json is missing"),
    "explain another size": (["explain", "{run}", "{odd}", "{tmp}/e"], "36"),
    "report without run": (["report", "{tmp}/empty"], "run.json is missing"),
    "repeat nothing": (["train", "--from", "{tmp}/none.json", "{tmp}/r"], "run.json is missing"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_in_words_and_leaves_nothing_behind(name, folder, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    (tmp_path / "one").mkdir()
    shutil.copy(folder / "source" / "Training" / "a" / "a0.png", tmp_path / "one")
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "notes.png").write_text("no picture")
    odd = folder / "odd"
    if not odd.exists():
        assert run("phantom", odd, "--number", 40, "--size", 36) == 0
    before = sorted(tmp_path.rglob("*"))
    arguments, words = MISTAKES[name]
    places = {"tmp": tmp_path, "store": folder / "store", "run": folder / "run", "odd": odd}
    status = run(*(argument.format(**places) for argument in arguments))
    message = capsys.readouterr().err
    assert status == 2
    assert words in message.replace("\n", " ")
    assert "Traceback" not in message
    assert sorted(tmp_path.rglob("*")) == before


def test_a_mistake_in_a_real_process_exits_with_2_and_no_traceback(tmp_path):
    command = [sys.executable, "-m", "ganoscope", "prepare", str(tmp_path / "none"), str(tmp_path / "s")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: source")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_target_is_told(tmp_path, capsys):
    tmp_path.chmod(0o500)
    assert run("phantom", tmp_path / "s", "--number", 40, "--size", 32) == 2
    assert "no permission" in capsys.readouterr().err


@pytest.mark.slow
def test_the_demo_runs_resumes_and_refuses_other_settings(tmp_path, capsys):
    small = ["--images", "320", "--number", "32", "--size", "32"]
    assert run("demo", "--out", tmp_path / "demo", *small) == 0
    assert (tmp_path / "demo" / "report.html").stat().st_size > 50_000
    made = (tmp_path / "demo" / "generated" / "000000.png").stat().st_mtime_ns
    assert run("demo", "--out", tmp_path / "demo", *small) == 0
    assert (tmp_path / "demo" / "generated" / "000000.png").stat().st_mtime_ns == made
    assert run("demo", "--out", tmp_path / "demo", *small, "--seed", "4") == 2
    assert "other settings" in capsys.readouterr().err
    assert json.loads((tmp_path / "demo" / "demo.json").read_text())["seed"] == "0"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["brain_mri", "chest_xray"])
def test_the_demo_runs_on_real_images(name, shared_data, tmp_path, capsys):
    small = ["--images", "320", "--number", "32", "--size", "32"]
    assert run("demo", "--data", shared_data / name, "--out", tmp_path / "demo", *small) == 0
    alarms = Path(tmp_path / "demo" / "store" / "alarms.json").read_text()
    page = (tmp_path / "demo" / "report.html").read_text(encoding="utf-8")
    assert "exact_copies" in alarms
    assert "exact copies of another file" in page
    if name == "brain_mri":
        assert "source_split_overlap" in alarms
        assert "33 distinct images" in page


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_stopped_leaves_nothing_half_done(number, tmp_path, monkeypatch, capsys):
    def work(_):
        with new_folder(tmp_path / "out") as folder:
            (folder / "half").touch()
            os.kill(os.getpid(), number)
            time.sleep(10)

    monkeypatch.setattr(cli, "dispatch", work)
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)  # work in the background has none
    try:
        with pytest.raises(SystemExit) as stopped:
            cli.main(["generate"])
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
    assert stopped.value.code == 130
    assert "interrupted" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
