"""Heat maps of right and wrong answers: what is shown, for which class, and what raises an alarm."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.fixtures.predictions import make_up_predictions, predict

from ganoscope.alarms import run_checks
from ganoscope.classifiers.trained import open_classifier
from ganoscope.contracts import Explanation
from ganoscope.data.store import Store
from ganoscope.explanation import answers
from ganoscope.explanation.answers import (
    CHECKS,
    COLUMNS,
    KINDS,
    HeatMaps,
    WeightDependence,
    choose_shown,
    explain_answers,
)
from ganoscope.explanation.classifier_maps import explain_codes, make_target
from ganoscope.statistics.estimate import Estimate


@pytest.fixture(scope="module")
def classifier(tiny_classifier):
    return open_classifier(tiny_classifier)


@pytest.fixture(scope="module")
def store(phantom_store):
    return Store.open(phantom_store)


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


def test_where_every_map_is_empty_nothing_is_said_of_where_they_lie(classifier, store, monkeypatch):
    empty = Explanation(torch.zeros(1, 32, 32), "grad_cam", "body", "predicted_class")
    monkeypatch.setattr(answers, "explain_codes", lambda network, images, codes, layer: empty)
    predictions, indices = predict(classifier, store)
    predictions = replace(predictions, codes=predictions.predicted)
    assert answers.measure_overlap(classifier, store, predictions, indices, None) == (None, None)


def make_heat(maps, dependence=None, inside=None, area=None, background=None):
    rows = np.arange(len(maps))
    return HeatMaps({"a": dict.fromkeys(KINDS, rows[:0])}, rows, maps, "body", dependence, inside, area, background)


SHARE, AREA = Estimate(0.05, 0.03, 0.07, 6, 6), Estimate(0.06, 0.05, 0.065, 6, 6)
RAMP = np.tile(np.linspace(0, 1, 8, dtype=np.float32), (6, 8, 1))
"""Maps that vary."""


def test_empty_maps_maps_beside_the_findings_and_maps_that_ignore_the_weights_raise_alarms():
    maps = np.concatenate([RAMP[:1], np.zeros((5, 8, 8), np.float32)])
    found = run_checks(CHECKS, make_heat(maps, WeightDependence(6, 0.8, 0.1, 0.7, 0.9), SHARE, AREA))
    assert [alarm.code for alarm in found] == [
        "empty_explanations",
        "explanation_ignores_weights",
        "maps_miss_findings",
    ]
    assert "0.80 (95% interval 0.70 to 0.90, n = 6)" in found[1].message
    full = make_heat(RAMP, WeightDependence(6, 0.2, 0.1), Estimate(0.5, 0.4, 0.6, 6, 6), AREA)
    assert run_checks(CHECKS, full) == []


def test_a_check_on_a_few_images_says_nothing_of_the_weights():
    assert run_checks(CHECKS, make_heat(RAMP, WeightDependence(2, 0.9, 0.1))) == []


def test_near_blank_maps_raise_an_alarm():
    (alarm,) = run_checks(CHECKS, make_heat(np.ones((6, 8, 8), np.float32)))
    assert (alarm.code, alarm.evidence) == ("near_blank_explanations", {"near_blank": 6, "maps": 6})


def test_maps_on_the_bars_beside_the_anatomy_raise_an_alarm():
    images, maps = np.full((6, 32, 32), -1.0, np.float32), np.zeros((6, 32, 32), np.float32)
    images[:, 4:28, 8:24] = 0.5
    maps[:, :, :6] = 1
    background = answers.measure_background(images, maps, [str(index) for index in range(6)])
    assert background.share.value == pytest.approx(1)
    (alarm,) = run_checks(CHECKS, make_heat(RAMP, background=background))
    assert alarm.code == "maps_on_background"
    assert "100% of their sum" in alarm.message
    assert answers.measure_background(images, 0 * maps, ["a"] * 6) is None


def test_of_two_classes_the_second_has_a_gallery():
    predictions = make_up_predictions([0, 1, 1, 0], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]], ("no", "yes"))
    found = choose_shown(predictions, seed=0)
    assert {kind: rows.tolist() for kind, rows in found["yes"].items()} == {
        "true positives": [1],
        "false negatives": [2],
        "false positives": [3],
    }


def test_of_two_classes_the_first_has_a_gallery_where_there_is_nothing_of_the_second():
    found = choose_shown(make_up_predictions([0, 0], [[0.9, 0.1], [0.8, 0.2]], ("no", "yes")), seed=0)
    assert sorted(found["no"]["true positives"].tolist()) == [0, 1]
    assert list(choose_shown(make_up_predictions([0, 0], [[0.9, 0.1], [0.2, 0.8]], ("no", "yes")), seed=0)) == ["yes"]
