"""`ganoscope classify --classifier`: a trained classifier is measured on other patients, and none is trained."""

import csv
import json
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from ganoscope.alarms import load_alarms
from ganoscope.cli import execute

SIDE_PX = 32
FILES = {
    "alarms.json", "external.html", "external.json", "metrics.json", "pictures", "predictions.csv",
    "predictions.npz", "subgroups.csv",
}  # fmt: skip
QUICK = ["--epochs", "6", "--batch-size", "16", "--device", "cpu", "--precision", "fp32"]


def draw(folder, patients, seed, classes=("sick", "well"), side=SIDE_PX, strength=70):
    """Films of texture, two of each patient; those of the first class have a bright disc."""
    random, y, x = np.random.default_rng(seed), *np.mgrid[:side, :side]
    for number in range(patients):
        label = classes[number % len(classes)]
        for film in range(2):
            pixels = random.normal(90, 25, (side, side))
            if label == classes[0]:
                pixels += strength * (np.hypot(y - side * random.uniform(0.3, 0.7), x - side / 2) < side / 5)
            (folder / label).mkdir(parents=True, exist_ok=True)
            picture = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
            picture.save(folder / label / f"p{seed}{number:03d}_{film}.png")
    return folder


def prepare(source, store, *options, side=SIDE_PX):
    pattern = ["--patient-pattern", r"^(p\d+)_"]
    assert execute(["prepare", str(source), str(store), "--size", str(side), *pattern, *options]) == 0
    return store


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """(Store trained on, its classifier, a store of other patients for testing alone). Not to be changed."""
    folder = tmp_path_factory.mktemp("external")
    own = prepare(draw(folder / "own_films", 80, 1), folder / "own")
    assert execute(["classify", str(own), str(folder / "classifier"), *QUICK]) == 0
    other = prepare(draw(folder / "other_films", 40, 2), folder / "other", "--split", "test")
    return own, folder / "classifier", other


@pytest.fixture(scope="module")
def measured(places, tmp_path_factory):
    """Results on the other store. Not to be changed."""
    out = tmp_path_factory.mktemp("measured") / "results"
    assert execute(["classify", str(places[2]), str(out), "--classifier", str(places[1])]) == 0
    return out


def read_table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_metric_has_an_interval_over_patients(measured):
    assert {path.name for path in measured.iterdir()} == FILES
    scores = json.loads((measured / "metrics.json").read_text())["splits"]
    assert set(scores) == {"test"}
    auroc = scores["test"]["metrics"]["auroc"]
    assert (auroc["images"], auroc["groups"]) == (80, 40)
    assert 0.5 < auroc["low"] <= auroc["value"] <= auroc["high"] <= 1
    assert set(scores["test"]["by_class"]) == {"sick", "well"}


def test_predictions_and_metrics_agree(measured):
    rows = read_table(measured / "predictions.csv")
    right = np.mean([row["label"] == row["prediction"] for row in rows])
    scores = json.loads((measured / "metrics.json").read_text())["splits"]["test"]["metrics"]
    assert len(rows) == 80
    assert scores["accuracy"]["value"] == pytest.approx(right)


def test_subgroups_of_enough_images_are_measured(measured):
    rows = read_table(measured / "subgroups.csv")
    assert [(row["kind"], row["subgroup"], row["images"], row["groups"]) for row in rows] == [
        ("class", "sick", "40", "20"),
        ("class", "well", "40", "20"),
    ]
    assert all(float(row["accuracy_low"]) <= float(row["accuracy"]) <= float(row["accuracy_high"]) for row in rows)


def test_the_page_says_what_was_measured_on_what(measured, places):
    page = (measured / "external.html").read_text(encoding="utf-8")
    text = re.sub(r"\s+", " ", re.sub(r"<style.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL))
    for words in (
        "80 images of 40 independent groups",
        "its own test split",
        "Alarms",
        "Subgroups",
        "For research only",
    ):
        assert words in text
    assert "<script" not in page
    assert not any(str(path) in page for path in places)
    assert 'src="http' not in page


def test_nothing_names_a_file_or_a_patient_or_a_place(measured, places):
    for path in measured.iterdir():
        if path.is_file():
            content = path.read_bytes()
            assert b"p2001" not in content
            assert str(places[0].parent).encode() not in content


def test_the_same_call_again_says_that_it_is_done_and_another_is_refused(measured, places, tmp_path, capsys):
    own, classifier, other = places
    out = shutil.copytree(measured, tmp_path / "out")
    before = (out / "external.json").read_bytes()
    assert execute(["classify", str(other), str(out), "--classifier", str(classifier)]) == 0
    told = capsys.readouterr()
    assert "is complete: nothing to do" in told.err
    assert "test split, 80 images of 40 groups: AUROC" in told.out
    assert (out / "external.json").read_bytes() == before
    another = prepare(draw(tmp_path / "films", 20, 3), tmp_path / "another", "--split", "test")
    assert execute(["classify", str(another), str(out), "--classifier", str(classifier)]) == 2
    assert "holds the results of another store" in capsys.readouterr().err
    assert execute(["classify", str(own), str(out)]) == 2


def test_a_store_for_testing_alone_names_the_way_to_measure_on_it(places, tmp_path, capsys):
    assert execute(["classify", str(places[2]), str(tmp_path / "run"), *QUICK]) == 2
    assert "--classifier" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("drawing", "options", "told"),
    [
        ({"classes": ("sick", "well", "odd")}, {}, "got odd"),
        ({"side": 48}, {"side": 48}, "another image size"),
        ({}, {"modality": "CR"}, "another modality"),
    ],
)
def test_a_store_that_does_not_fit_is_refused(places, tmp_path, capsys, drawing, options, told):
    films = draw(tmp_path / "films", 24, 4, **drawing)
    stated = ["--modality", options["modality"]] if "modality" in options else []
    store = prepare(films, tmp_path / "store", "--split", "test", *stated, side=options.get("side", SIDE_PX))
    assert execute(["classify", str(store), str(tmp_path / "out"), "--classifier", str(places[1])]) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_store_that_it_learned_from_and_images_that_it_has_seen_are_refused(places, tmp_path, capsys):
    own, classifier, _ = places
    assert execute(["classify", str(own), str(tmp_path / "out"), "--classifier", str(classifier)]) == 2
    assert "metrics.json" in capsys.readouterr().err
    seen = prepare(own.parent / "own_films", tmp_path / "seen", "--split", "test")
    assert execute(["classify", str(seen), str(tmp_path / "out"), "--classifier", str(classifier)]) == 2
    assert "was trained on images of" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_options_of_the_training_are_refused_since_nothing_is_trained(places, tmp_path, capsys):
    options = ["--classifier", str(places[1]), "--epochs", "3"]
    assert execute(["classify", str(places[2]), str(tmp_path / "out"), *options]) == 2
    assert "--epochs" in capsys.readouterr().err


def test_a_classifier_that_fails_elsewhere_and_a_single_class_ring(places, tmp_path):
    weak = prepare(draw(tmp_path / "weak_films", 60, 5, strength=-6), tmp_path / "weak", "--split", "test")
    assert execute(["classify", str(weak), str(tmp_path / "a"), "--classifier", str(places[1])]) == 0
    codes = {alarm.code for alarm in load_alarms(tmp_path / "a" / "alarms.json")}
    assert {"no_better_than_chance", "worse_on_external_store"} <= codes
    alone = prepare(
        draw(tmp_path / "alone_films", 12, 6, classes=("well",), strength=0), tmp_path / "alone", *["--split", "test"]
    )
    assert execute(["classify", str(alone), str(tmp_path / "b"), "--classifier", str(places[1])]) == 0
    codes = {alarm.code for alarm in load_alarms(tmp_path / "b" / "alarms.json")}
    assert {"single_class_test", "few_groups_test"} <= codes
    assert (tmp_path / "b" / "external.html").exists()
