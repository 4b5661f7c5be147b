"""The page about a classifier: sections, self-containment, what it says of odd parts; heat maps and their checks."""

import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from tests.fixtures.pages import Page, section, words

from ganoscope.alarms import Alarm
from ganoscope.classifiers.trained import open_classifier
from ganoscope.contracts import Explanation
from ganoscope.data.store import Store
from ganoscope.evaluate.classification import metrics as classification
from ganoscope.evaluate.classification.metrics import Predictions, score
from ganoscope.evaluate.classification.predictions import make_predictions
from ganoscope.explanation import answers as heat_maps
from ganoscope.explanation.answers import (
    COLUMNS,
    KINDS,
    HeatMaps,
    choose_shown,
    explain_answers,
    explain_codes,
    find_map_alarms,
    make_target,
)
from ganoscope.reports.classifier.charts import draw_confusion, draw_roc, list_drawn, save_chart
from ganoscope.reports.classifier.linked_alarms import SUBJECTS, link_alarms, list_outcomes
from ganoscope.reports.classifier.wording import describe_heat_maps
from ganoscope.statistics.bootstrap import Estimate
from ganoscope.training.classifier.config import ClassifyConfig, find_scored
from ganoscope.workflows.classify import evaluate

SECTIONS = ["alarms", "metrics", "curves", "confusion", "calibration", "heat_maps", "training", "data", "settings",
            "limits"]  # fmt: skip
PICTURES = {"roc.png", "precision_recall.png", "confusion.png", "reliability.png", "training.png", "grad_cam_1.png",
            "grad_cam_2.png", "grad_cam_3.png"}  # fmt: skip


@pytest.fixture(scope="module")
def text(tiny_classifier):
    return (tiny_classifier / "classifier.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def classifier(tiny_classifier):
    return open_classifier(tiny_classifier)


@pytest.fixture(scope="module")
def store(phantom_store):
    return Store.open(phantom_store)


def predict(classifier, store, split="test"):
    indices, codes = find_scored(store, split, classifier.record.classes)
    logits = classifier(torch.from_numpy(store.load_images(indices))).logits.detach().numpy()
    return make_predictions(store, split, (indices, codes), (logits, 1.0), classifier.record.classes), indices


def test_page_has_all_sections_in_order_and_contents_lead_to_them(text):
    page = Page(text)
    assert re.findall(r'<h2 id="([^"]+)"', text) == SECTIONS
    assert page.faults == []
    assert page.open == []
    assert {link for link in page.links if link.startswith("#")} == {f"#{name}" for name in SECTIONS}


def test_page_loads_nothing_from_elsewhere_and_runs_nothing(text):
    page = Page(text)
    assert all(source.startswith("data:image/") for source in page.loads)
    assert all(link.startswith("#") for link in page.links)
    assert "<script" not in text
    assert all(picture["alt"].strip() for picture in page.pictures)


def test_pictures_are_on_the_page_and_beside_it(text, tiny_classifier):
    assert {path.name for path in (tiny_classifier / "pictures").iterdir()} == PICTURES
    assert len(Page(text).pictures) == len(PICTURES)
    for path in (tiny_classifier / "pictures").iterdir():
        with Image.open(path) as image:
            assert np.ptp(np.asarray(image.convert("L"))) > 100, path


def test_page_states_metrics_with_intervals_images_and_groups(text, classifier):
    metrics = words(section(text, "metrics"))
    found = classifier.record.metrics["metrics"]["auroc"]
    assert f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})" in metrics
    assert f"test: {found['images']} images, {found['groups']} groups" in metrics
    assert "resamples of whole groups" in metrics


def test_page_says_that_small_parts_and_chance_are_alarming(text):
    alarms = words(section(text, "alarms"))
    assert "independent groups" in alarms
    assert "What was looked for" in alarms
    assert text.index("<h2") == text.index('<h2 id="alarms">')


def test_heat_maps_are_for_the_predicted_class_and_raw(classifier, store):
    predictions, indices = predict(classifier, store)
    heat = explain_answers(classifier, store, predictions, indices, seed=0)
    assert list(heat.galleries) == list(classifier.record.classes)
    for label, kinds in heat.galleries.items():
        code = classifier.record.classes.index(label)
        assert tuple(kinds) == KINDS
        for kind, rows in kinds.items():
            assert len(rows) <= COLUMNS
            assert len(set(predictions.groups[rows])) == len(rows)
            assert ((predictions.codes[rows] == code) == (kind != "false positives")).all()
            assert ((predictions.predicted[rows] == code) == (kind != "false negatives")).all()
    row = int(heat.rows[0])
    image = torch.from_numpy(store.load_images(indices[[row]]))
    alone = explain_codes(classifier.network, image, predictions.predicted[[row]], None)
    np.testing.assert_allclose(heat.find_map(row), alone.maps[0].numpy(), atol=1e-6)
    target = make_target(classifier.network, int(predictions.predicted[row]))
    assert float(target(image)) == pytest.approx(float(classifier(image).logits.max()), abs=1e-5)


def test_the_randomisation_check_and_the_lesion_masks_are_reported(text):
    found = words(section(text, "heat_maps"))
    assert "Randomisation check on" in found
    assert "Share of a map's sum inside the annotated finding" in found


def test_where_every_map_is_empty_nothing_is_said_of_where_they_lie(classifier, store, monkeypatch):
    empty = Explanation(torch.zeros(1, 32, 32), "grad_cam", "body", "predicted_class")
    monkeypatch.setattr(heat_maps, "explain_codes", lambda network, images, codes, layer: empty)
    predictions, indices = predict(classifier, store)
    predictions = replace(predictions, codes=predictions.predicted)
    assert heat_maps.measure_overlap(classifier, store, predictions, indices, None) == (None, None)


def make_heat(maps, inside=None, area=None):
    rows = np.arange(len(maps))
    return HeatMaps({"a": dict.fromkeys(KINDS, rows[:0])}, rows, maps, "body", None, inside, area)


def test_empty_maps_and_maps_beside_the_findings_raise_alarms():
    maps = np.zeros((4, 8, 8), np.float32)
    maps[0] = 1
    share, area = Estimate(0.05, 0.03, 0.07, 4, 4), Estimate(0.06, 0.05, 0.065, 4, 4)
    codes = [alarm.code for alarm in find_map_alarms(make_heat(maps, share, area))]
    assert codes == ["empty_explanations", "maps_miss_findings"]
    assert "3 of 4 maps are empty" in " ".join(describe_heat_maps(make_heat(maps), "test"))
    full = make_heat(np.ones((4, 8, 8), np.float32), Estimate(0.5, 0.4, 0.6, 4, 4), area)
    assert find_map_alarms(full) == []
    assert "not possible" in " ".join(describe_heat_maps(full, "test"))


def make(codes, probabilities, classes):
    ids = np.arange(len(codes)).astype(str)
    values = np.asarray(probabilities, float)
    return Predictions("test", ids, np.asarray(codes), ids, values, values, classes)


def test_of_two_classes_the_second_has_a_curve_and_a_gallery():
    predictions = make([0, 1, 1, 0], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]], ("no", "yes"))
    assert list_drawn(predictions) == [1]
    found = choose_shown(predictions, seed=0)
    assert {kind: rows.tolist() for kind, rows in found["yes"].items()} == {
        "true positives": [1],
        "false negatives": [2],
        "false positives": [3],
    }


def test_of_two_classes_the_first_has_a_gallery_where_there_is_nothing_of_the_second():
    found = choose_shown(make([0, 0], [[0.9, 0.1], [0.8, 0.2]], ("no", "yes")), seed=0)
    assert sorted(found["no"]["true positives"].tolist()) == [0, 1]
    assert list(choose_shown(make([0, 0], [[0.9, 0.1], [0.2, 0.8]], ("no", "yes")), seed=0)) == ["yes"]


def test_a_class_without_images_has_no_curve(monkeypatch, tmp_path):
    monkeypatch.setattr(classification, "RESAMPLES", 20)
    predictions = make([0, 2, 2, 0], np.eye(3)[[0, 2, 1, 0]], ("a", "b $x$", "c"))
    assert list_drawn(predictions) == [0, 2]
    scores = score(predictions)
    for name, draw, arguments in (("roc", draw_roc, (predictions, scores)), ("c", draw_confusion, (scores,))):
        assert save_chart(tmp_path / f"{name}.png", draw, *arguments).startswith("<?xml")
    assert list_drawn(make([0, 0], [[1, 0], [0, 1]], ("a", "b"))) == []


def test_charts_are_the_same_for_the_same_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(classification, "RESAMPLES", 20)
    predictions = make([0, 1, 1, 0], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]], ("no", "yes"))
    scores = score(predictions)
    first, second = (save_chart(tmp_path / "roc.png", draw_roc, predictions, scores) for _ in range(2))
    assert first == second


def test_alarms_of_classifier_and_store_are_shown_gravest_first_with_their_origin():
    own = [Alarm("few_groups_test", "warning", "few."), Alarm("no_better_than_chance", "danger", "chance.")]
    cards = link_alarms(own, [Alarm("exact_copies", "warning", "copies.")])
    assert [card.message for card in cards] == ["Chance.", "Few.", "Copies."]
    assert [card.anchor for card in cards] == ["metrics", "data", ""]
    assert [card.origin for card in cards] == ["classifier", "classifier", "data"]
    outcomes = {outcome.looked_for: outcome.outcome for outcome in list_outcomes(own, [])}
    assert outcomes["Test AUROC that chance may have given"] == "1 danger."
    assert len(outcomes) == len(SUBJECTS) + 1


def evaluate_changed(classifier, store, folder, change):
    """What the page says of the classifier on a store whose manifest was changed, and the record."""
    copy = shutil.copytree(store.path, folder / "store")
    lines = (copy / "manifest.csv").read_text().splitlines()
    (copy / "manifest.csv").write_text("\n".join([lines[0], *map(change, lines[1:])]) + "\n")
    run = shutil.copytree(classifier.path, folder / "run")
    config = ClassifyConfig(device="cpu", precision="fp32").resolve()
    record = evaluate(open_classifier(run), Store.open(copy), config)
    return (run / "classifier.html").read_text(encoding="utf-8"), record


def test_without_a_test_part_the_validation_part_is_shown_and_the_page_says_so(classifier, store, tmp_path):
    text, record = evaluate_changed(classifier, store, tmp_path, lambda line: line.replace(",test,", ",train,"))
    assert record.metrics == {}
    assert "nothing was measured on it" in words(section(text, "alarms"))
    assert "in the validation part" in Page(text).text


def test_a_test_part_of_one_class_is_shown_for_what_it_is(classifier, store, tmp_path):
    def keep_healthy(line):
        return line if ",notumor," in line else line.replace(",test,", ",train,")

    text, record = evaluate_changed(classifier, store, tmp_path, keep_healthy)
    assert record.metrics["metrics"]["auroc"]["value"] is None
    assert "AUROC is not defined: no image is of glioma, meningioma" in words(section(text, "metrics"))
    assert "No curve is defined" in words(section(text, "curves"))
    assert "■ danger Single class test" in words(section(text, "alarms"))
