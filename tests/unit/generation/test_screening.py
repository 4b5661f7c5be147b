"""Which images are rejected and why, and that images that pass can be made again by themselves."""

import csv
import json
import shutil
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from ganoscope.classifiers.trained import open_classifier
from ganoscope.data import writers
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.files import compute_sha256, load_json, save_json
from ganoscope.generation import choose_labels, make_noise
from ganoscope.generation.config import GenerateConfig
from ganoscope.generation.drawing import draw_chosen
from ganoscope.generation.screening import warn_of_guessing
from ganoscope.training.run_folder.trained_run import open_run
from ganoscope.workflows.generate import generate


def read_rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def without_copies(memorising_run, tmp_path_factory):
    out = tmp_path_factory.mktemp("screened") / "out"
    return out, generate(memorising_run, out, GenerateConfig(number=20, seed=1, reject_copies=True))


def test_every_copy_is_replaced_and_nothing_else(without_copies, memorising_run):
    out, outcome = without_copies
    rejected = {int(row["index"]): row for row in read_rows(out / "rejected.csv")}
    kept = [int(row["index"]) for row in read_rows(out / "manifest.csv")]
    assert sorted([*rejected, *kept]) == list(range(outcome.drawn))
    assert kept == sorted(kept)
    assert len(kept) == outcome.number == 20
    noise = make_noise(4, 0, outcome.drawn, seed=1)
    assert sorted(rejected) == np.flatnonzero(noise[:, 1] > 0).tolist()


def test_a_copy_is_listed_with_its_original(without_copies, memorising_run):
    out, outcome = without_copies
    run = open_run(memorising_run)
    store = Store.open(open_run(memorising_run).path.parent / run.record.store)
    places = {name: place for place, name in enumerate(store.column("sample_id").tolist())}
    for row in read_rows(out / "rejected.csv"):
        index = int(row["index"])
        image = draw_chosen(run, np.array([index]), np.zeros(1, np.int64), 1)[0]
        original = store.load_images(np.array([places[row["nearest_sample_id"]]]))[0]
        assert np.allclose(image, original, atol=0.02)
        assert (row["reason"], row["seed"], row["confidence"]) == ("copy", "1", "")
        assert float(row["copy_p_value"]) <= 0.08
    with Image.open(out / "rejected.png") as sheet:
        assert "treat it as patient data" in sheet.text["Description"]
        assert sheet.height > 32
    screening = json.loads((out / "provenance.json").read_text())["screening"]
    assert screening["rejected_by_reason"] == {"copy": outcome.copies, "label": 0}
    assert screening["rates"]["copy"] == outcome.copies / outcome.drawn
    assert screening["copies"]["held_out"] == len(store.indices("validation"))


def test_kept_images_are_those_that_an_unscreened_call_draws_under_their_numbers(
    without_copies, memorising_run, tmp_path
):
    out, outcome = without_copies
    generate(memorising_run, tmp_path / "all", GenerateConfig(number=outcome.drawn, seed=1))
    for row in read_rows(out / "manifest.csv"):
        with Image.open(out / row["file"]) as kept, Image.open(tmp_path / "all" / row["file"]) as plain:
            assert np.array_equal(np.asarray(kept), np.asarray(plain))


@pytest.mark.parametrize("batch_size", [3, 100])
def test_what_is_turned_away_does_not_depend_on_the_batch_size(without_copies, memorising_run, tmp_path, batch_size):
    config = GenerateConfig(number=20, seed=1, reject_copies=True, batch_size=batch_size)
    generate(memorising_run, tmp_path / "out", config)
    for name in ("manifest.csv", "rejected.csv", "rejected.png", "contact_sheet.png", "provenance.json"):
        assert compute_sha256(without_copies[0] / name) == compute_sha256(tmp_path / "out" / name)


def test_doubtful_classes_are_replaced_class_by_class(conditional_run, tiny_classifier, tmp_path):
    run, classifier = open_run(conditional_run), open_classifier(tiny_classifier)
    drawn = draw_chosen(run, np.arange(60), np.arange(60) % 3, 0)
    pixels = run.record.intensity.to_pixels(drawn[:, 0])
    confidence = judge(run, classifier, pixels, np.arange(60) % 3)
    easiest = np.sort(confidence.reshape(20, 3), axis=0)[-8].min()
    border = float(easiest) - 1e-4
    config = GenerateConfig(number_per_class=8, min_label_confidence=border, classifier=tiny_classifier)
    outcome = generate(conditional_run, tmp_path / "out", config)
    rows = read_rows(tmp_path / "out" / "manifest.csv")
    expected = [
        index
        for index in range(60)
        if confidence[index] >= border and np.sum(confidence[index % 3 : index : 3] >= border) < 8
    ]
    assert [int(row["index"]) for row in rows] == expected
    assert [row["label"] for row in rows] == [run.classes[index % 3] for index in expected]
    assert np.allclose([float(row["confidence"]) for row in rows], confidence[expected], atol=1e-5)
    assert {row["reason"] for row in read_rows(tmp_path / "out" / "rejected.csv")} <= {"label"}
    assert outcome.doubted == outcome.drawn - 24 == len(read_rows(tmp_path / "out" / "rejected.csv"))


def test_screening_leaves_the_shares_of_the_classes_as_they_are(conditional_run, tiny_classifier, tmp_path):
    run, classifier = open_run(conditional_run), open_classifier(tiny_classifier)
    codes = choose_labels(run, 200, seed=2)
    pixels = run.record.intensity.to_pixels(draw_chosen(run, np.arange(200), codes, 2)[:, 0])
    confidence = judge(run, classifier, pixels, codes)
    border = float(min(np.median(confidence[codes == code]) for code in range(3)))  # half of one class passes
    config = GenerateConfig(number=30, seed=2, min_label_confidence=border, classifier=tiny_classifier)
    outcome = generate(conditional_run, tmp_path / "out", config)
    rows = read_rows(tmp_path / "out" / "manifest.csv")
    assert outcome.doubted > 3
    expected = Counter(run.classes[code] for code in codes[:30])
    assert Counter(row["label"] for row in rows) == expected
    assert [int(row["index"]) for row in rows] == sorted(int(row["index"]) for row in rows)
    assert [row["label"] for row in rows] == [run.classes[code] for code in choose_all(run, rows)]
    counts = json.loads((tmp_path / "out" / "provenance.json").read_text())["screening"]["classes"]
    assert {name: one["kept"] for name, one in counts.items()} == expected
    assert sum(one["drawn"] for one in counts.values()) == outcome.drawn


def choose_all(run, rows):
    """Returns the class that each number stands for."""
    return [int(choose_labels(run, 1, 2, start=int(row["index"]))[0]) for row in rows]


def test_what_a_classifier_doubts_does_not_depend_on_the_batch_size(conditional_run, tiny_classifier, tmp_path):
    config = GenerateConfig(number_per_class=5, min_label_confidence=0.01, classifier=tiny_classifier)
    for batch_size in (2, 100):
        generate(conditional_run, tmp_path / str(batch_size), replace(config, batch_size=batch_size))
    for name in ("manifest.csv", "rejected.csv"):
        assert compute_sha256(tmp_path / "2" / name) == compute_sha256(tmp_path / "100" / name)


def judge(run, classifier, pixels, codes):
    """Returns the probability of each image's class, by name."""
    import torch

    images = torch.from_numpy(run.record.intensity.to_network(pixels))[:, None]
    probabilities = classifier.compute_probabilities(images).detach().numpy()
    names = list(classifier.record.classes)
    return np.array([row[names.index(run.classes[code])] for row, code in zip(probabilities, codes, strict=True)])


@pytest.mark.parametrize("form", writers.available())
def test_a_generator_that_never_passes_is_given_up_and_nothing_is_left(
    conditional_run, tiny_classifier, tmp_path, form
):
    config = GenerateConfig(number=3, min_label_confidence=0.999999, classifier=tiny_classifier, format=form)
    told = r"0 of \d images of class \S+ passed after \d+ tries; allowed: 20 tries for each .* for label\. Train longer"
    with pytest.raises(UserError, match=told):
        generate(conditional_run, tmp_path / "out", config)
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_moved_can_be_named_and_another_one_is_refused(memorising_run, phantom_store, tmp_path):
    shutil.copytree(memorising_run, tmp_path / "run")
    record = load_json(tmp_path / "run" / "run.json")
    save_json(tmp_path / "run" / "run.json", {**record, "store": str(tmp_path / "gone")})
    config = GenerateConfig(number=2, reject_copies=True)
    with pytest.raises(UserError, match="--store STORE"):
        generate(tmp_path / "run", tmp_path / "out", config)
    assert generate(tmp_path / "run", tmp_path / "out", replace(config, store=phantom_store)).number == 2
    save_json(tmp_path / "run" / "run.json", {**record, "store_fingerprint": "0" * 64})
    with pytest.raises(UserError, match=r"its fingerprint differs: got .*; allowed: 000000000000"):
        generate(tmp_path / "run", tmp_path / "other", config)


def test_a_classifier_that_does_not_fit_is_refused_with_all_reasons(conditional_run, tiny_classifier, tmp_path):
    shutil.copytree(tiny_classifier, tmp_path / "judge")
    record = load_json(tmp_path / "judge" / "classifier.json")
    classes = ["other", *record["classes"][1:]]
    save_json(tmp_path / "judge" / "classifier.json", {**record, "classes": classes, "size": 64})
    config = GenerateConfig(number=2, min_label_confidence=0.5, classifier=tmp_path / "judge")
    with pytest.raises(UserError) as refused:
        generate(conditional_run, tmp_path / "out", config)
    assert "distinguishes other classes than the run" in str(refused.value)
    assert "another image size" in str(refused.value)


def test_what_is_wrong_with_run_store_and_classifier_is_said_in_one_message(conditional_run, tmp_path):
    config = GenerateConfig(
        class_name="gliosis", store=tmp_path / "nowhere", min_label_confidence=0.5, classifier=tmp_path / "none"
    )
    with pytest.raises(UserError) as refused:
        generate(conditional_run, tmp_path / "out", config)
    for words in ("got gliosis", "is not at", "classifier.json is missing"):
        assert words in str(refused.value)


def test_a_classifier_may_count_the_classes_in_another_order(conditional_run, tiny_classifier, tmp_path):
    from safetensors.torch import load_file, save_file

    shutil.copytree(tiny_classifier, tmp_path / "judge")
    record = load_json(tmp_path / "judge" / "classifier.json")
    weights = load_file(tmp_path / "judge" / "classifier.safetensors")
    weights |= {name: weights[name].flip(0).contiguous() for name in ("head.weight", "head.bias")}
    save_file(weights, tmp_path / "judge" / "classifier.safetensors")
    digest = compute_sha256(tmp_path / "judge" / "classifier.safetensors")
    changed = {"classes": record["classes"][::-1], "weights_sha256": digest}
    save_json(tmp_path / "judge" / "classifier.json", {**record, **changed})
    rows = []
    for judge_path in (tiny_classifier, tmp_path / "judge"):
        config = GenerateConfig(number=4, min_label_confidence=1e-6, classifier=judge_path)
        generate(conditional_run, tmp_path / judge_path.name / "made", config)
        rows.append(read_rows(tmp_path / judge_path.name / "made" / "manifest.csv"))
    assert np.allclose(*([float(row["confidence"]) for row in made] for made in rows), atol=1e-5)


@pytest.mark.parametrize(
    ("auroc", "words"),
    [
        ({"value": 0.7, "low": 0.45, "high": 0.9}, "0.700 (0.450 to 0.900)"),
        ({"value": None, "low": None, "high": None}, "not measured"),
        (None, "not measured"),
        ({"value": 0.9, "low": 0.8, "high": 0.95}, ""),
    ],
)
def test_a_classifier_that_may_only_guess_is_warned_of(tiny_classifier, capsys, auroc, words):
    record = open_classifier(tiny_classifier).record
    warn_of_guessing(replace(record, metrics={"metrics": {"auroc": auroc}} if auroc else {}))
    said = capsys.readouterr().err
    assert ("may be guessing" in said) == bool(words)
    assert words in said


def test_prevalence_is_that_of_the_training_images_without_a_screening(conditional_run, tmp_path):
    run = open_run(conditional_run)
    generate(conditional_run, tmp_path / "out", GenerateConfig(number=10))
    labels = [row["label"] for row in read_rows(tmp_path / "out" / "manifest.csv")]
    assert labels == [run.classes[code] for code in choose_labels(run, 10, 0)]
