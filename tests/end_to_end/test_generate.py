"""`ganoscope generate` as a user types it: classes, truncation, formats, interpolation, screening, mistakes."""

import csv
import re
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.fixtures.commands import assert_told

from ganoscope.alarms import load_alarms
from ganoscope.cli import execute
from ganoscope.data import writers
from ganoscope.data.readers import read
from ganoscope.data.store import Store
from ganoscope.files import compute_sha256

SMALL = ["--generator-channels", 4, "--discriminator-channels", 4, "--batch-size", 16, "--images", 128]


def run(*arguments):
    return execute([str(argument) for argument in arguments])


def read_rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def trained(phantom_store, tmp_path_factory):
    folder = tmp_path_factory.mktemp("generate")
    assert run("train", "cgan", phantom_store, folder / "run", *SMALL, "--learning-rate", 0.02) == 0
    return folder / "run"


@pytest.fixture
def classes(phantom_store):
    return sorted(set(Store.open(phantom_store).column("label").tolist()))


def test_a_number_per_class_comes_with_labels_and_a_sheet_of_a_row_per_class(trained, tmp_path, classes, capsys):
    assert run("generate", trained, tmp_path / "out", "--number-per-class", 9, "--interpolate", 5) == 0
    rows = read_rows(tmp_path / "out" / "manifest.csv")
    assert Counter(row["label"] for row in rows) == dict.fromkeys(classes, 9)
    assert "27 synthetic images" in capsys.readouterr().out
    pictures = [np.asarray(Image.open(tmp_path / "out" / row["file"])) for row in rows]
    assert np.std(pictures, axis=0).mean() > 1, "the images must differ for the other tests to mean anything"
    sizes = {}
    for name in ("contact_sheet", "interpolation", "interpolation_classes"):
        with Image.open(tmp_path / "out" / f"{name}.png") as picture:
            assert picture.text["Description"].startswith("SYNTHETIC")
            sizes[name] = picture.size
    step = 32 + 2
    assert sizes["contact_sheet"][1] == 2 + 6 * step  # 9 of each class are two rows
    assert sizes["interpolation"][1] == 2 + 8 * step
    assert sizes["interpolation_classes"][1] == 2 + len(classes) * step


def test_strips_begin_and_end_with_images_of_the_run(trained, tmp_path, classes):
    options = ("--class", classes[0], "--number", 8, "--seed", 3, "--truncation", 0.8)
    assert run("generate", trained, tmp_path / "out", *options, "--interpolate", 4) == 0
    strips = np.asarray(Image.open(tmp_path / "out" / "interpolation.png"))
    left = strips.shape[1] - 4 * 34
    for strip in range(4):
        top = 2 + strip * 34
        for column, index in ((0, 2 * strip), (3, 2 * strip + 1)):
            image = np.asarray(Image.open(tmp_path / "out" / f"{index:06d}.png"))
            shown = strips[top : top + 32, left + column * 34 : left + column * 34 + 32]
            scaled = image if image.dtype == np.uint8 else np.rint(image / 257)
            assert np.abs(shown.astype(int) - scaled).max() <= 2


def test_one_class_gives_the_same_image_as_all_classes_under_its_number(trained, tmp_path, classes):
    assert run("generate", trained, tmp_path / "all", "--number-per-class", 4) == 0
    assert run("generate", trained, tmp_path / "one", "--class", classes[1], "--number", 8) == 0
    for row in read_rows(tmp_path / "all" / "manifest.csv"):
        if row["label"] == classes[1] and int(row["index"]) < 8:
            both = [np.asarray(Image.open(tmp_path / name / row["file"])) for name in ("all", "one")]
            assert np.array_equal(*both)


def test_generated_npz_becomes_a_store(trained, tmp_path):
    assert run("generate", trained, tmp_path / "out", "--number-per-class", 6, "--format", "npz") == 0
    assert run("prepare", tmp_path / "out", tmp_path / "store", "--size", 32, "--modality", "MR") == 0
    labels = Store.open(tmp_path / "store").column("label").tolist()
    assert Counter(labels) == {f"class {code}": 6 for code in range(3)}


@pytest.mark.parametrize("form", writers.available())
def test_generated_files_of_every_format_say_so_of_themselves(trained, tmp_path, form):
    assert run("generate", trained, tmp_path / "out", "--number", 4, "--format", form) == 0
    others = {"contact_sheet.png", "manifest.csv", "frames.csv", "provenance.json"}
    files = [path for path in (tmp_path / "out").iterdir() if path.name not in others]
    assert files and all(picture.synthetic for path in files for picture in read(path))


def test_a_store_of_real_and_generated_pictures_says_so(trained, tmp_path):
    assert run("generate", trained, tmp_path / "out", "--number", 12) == 0
    for index, row in enumerate(read_rows(tmp_path / "out" / "manifest.csv")):
        kind = tmp_path / "mixed" / ("real" if index % 3 else "generated")
        kind.mkdir(parents=True, exist_ok=True)
        with Image.open(tmp_path / "out" / row["file"]) as picture:
            if index % 3:
                Image.fromarray(np.asarray(picture)).save(kind / f"{index}.png")
            else:
                shutil.copy(tmp_path / "out" / row["file"], kind / f"{index}.png")
    assert run("prepare", tmp_path / "mixed", tmp_path / "store", "--size", 32) == 0
    alarms = {alarm.code: alarm for alarm in load_alarms(tmp_path / "store" / "alarms.json")}
    assert alarms["synthetic_images"].evidence == {"images": 4}
    assert "4 of 12 images were generated" in alarms["synthetic_images"].message


def test_screening_says_what_was_turned_away(trained, tmp_path, tiny_classifier, capsys):
    options = ("--reject-copies", "--min-label-confidence", 0.01, "--classifier", tiny_classifier)
    assert run("generate", trained, tmp_path / "out", "--number", 12, *options) == 0
    text = capsys.readouterr().out
    assert re.search(r"rejected as copies of training images: \d+ of \d+ \(\d+\.\d%\)", text)
    assert "rejected for their class" in text
    rows = read_rows(tmp_path / "out" / "manifest.csv")
    assert all(0 <= float(row["correlation"]) <= 1 and 0.01 <= float(row["confidence"]) <= 1 for row in rows)
    assert (tmp_path / "out" / "rejected.csv").exists()


@pytest.mark.parametrize("form", writers.available())
def test_a_report_shows_images_of_every_format(trained, tmp_path, form):
    assert run("generate", trained, tmp_path / "out", "--number", 5, "--format", form) == 0
    assert run("report", trained, "--generated", tmp_path / "out", "--out", tmp_path / "r.html", "--number", 8) == 0
    assert "The first of 5 images in a separate folder" in (tmp_path / "r.html").read_text(encoding="utf-8")


MISTAKES = {
    "class": (["--class", "gliosis"], "got gliosis; allowed: glioma, meningioma"),
    "none per class": (["--number-per-class", "0"], "--number-per-class is too small: got 0; allowed: 1 or more"),
    "both numbers": (["--number", "3", "--number-per-class", "3"], "exclude each other: got 3 and 3"),
    "truncation": (["--truncation", "0"], "--truncation is out of range: got 0.0"),
    "certain": (["--min-label-confidence", "1", "--classifier", "x"], "--min-label-confidence is out of range: got 1"),
    "no judge": (["--min-label-confidence", "0.5", "--classifier", "x"], "classifier.json is missing"),
    "no store": (["--reject-copies", "--store", "nowhere"], "is not at nowhere"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_in_words_and_leaves_nothing_behind(name, trained, tmp_path, capsys):
    options, words = MISTAKES[name]
    assert run("generate", trained, tmp_path / "out", *options) == 2
    message = capsys.readouterr().err
    assert words in message
    assert "Traceback" not in message
    assert list(Path(tmp_path).iterdir()) == []


def test_an_unconditional_run_gives_no_classes_and_says_why(tiny_run, tmp_path, capsys):
    assert run("generate", tiny_run, tmp_path / "out", "--number-per-class", 5) == 2
    assert "needs a run that generates by class, and" in capsys.readouterr().err
    assert run("generate", tiny_run, tmp_path / "out", "--number", 5, "--reject-copies", "--interpolate", 3) == 0
    assert {row["label"] for row in read_rows(tmp_path / "out" / "manifest.csv")} == {""}
    assert not (tmp_path / "out" / "interpolation_classes.png").exists()


def test_generated_files_are_in_stored_units_marked_and_listed(story):
    with (story / "generated" / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == [f"{index:06d}.png" for index in range(20)]
    assert {row["synthetic"] for row in rows} == {"yes"}
    with Image.open(story / "generated" / "000003.png") as image:
        assert (image.mode, image.size) == ("L", (32, 32))
        assert image.text["Description"].startswith("SYNTHETIC")
        assert image.text["ganoscope:seed"] == "5"


@pytest.mark.parametrize("batch_size", [1, 7, 64])
def test_the_same_seed_gives_the_same_files_whatever_the_batch_size(story, tmp_path, batch_size):
    assert run("generate", story / "run", tmp_path / "g", "--number", 20, "--seed", 5, "--batch-size", batch_size) == 0
    for path in sorted((story / "generated").glob("0*.png")):
        assert compute_sha256(path) == compute_sha256(tmp_path / "g" / path.name)


def test_another_seed_gives_other_images_and_a_longer_call_the_same_first_ones(story, tmp_path):
    assert run("generate", story / "run", tmp_path / "other", "--number", 3, "--seed", 6) == 0
    assert run("generate", story / "run", tmp_path / "longer", "--number", 25, "--seed", 5) == 0
    first = compute_sha256(story / "generated" / "000000.png")
    assert compute_sha256(tmp_path / "other" / "000000.png") != first
    assert compute_sha256(tmp_path / "longer" / "000000.png") == first


MISTAKES_OF_A_STORY = {
    "no run": (["generate", "{tmp}/empty", "{tmp}/g"], "run.json is missing"),
    "nothing to generate": (["generate", "{run}", "{tmp}/g", "--number", "0"], "--number is too small: got 0"),
    "no such checkpoint": (["generate", "{run}", "{tmp}/g", "--checkpoint", "7"], "no checkpoint at 7 images; allowed"),
    "output is there": (["generate", "{run}", "{store}"], "exists and is not empty"),
}


@pytest.mark.parametrize("name", MISTAKES_OF_A_STORY)
def test_a_mistake_with_any_run_is_told_and_leaves_nothing_behind(name, places, capsys):
    assert_told(*MISTAKES_OF_A_STORY[name], places, capsys)
