"""Metrics where they are not defined, with ties and tiny parts, and as JSON."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganoscope.evaluate.classification import metrics as classification
from ganoscope.evaluate.classification.calibration import apply_temperature
from ganoscope.evaluate.classification.metrics import METRICS, Predictions, from_json, score, to_json
from ganoscope.statistics import bootstrap

CLASSES = ("sick", "well")


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch):
    monkeypatch.setattr(classification, "RESAMPLES", 60)


def make(codes, probabilities, classes=CLASSES, groups=None):
    codes, probabilities = np.asarray(codes), np.asarray(probabilities, float)
    members = np.arange(len(codes)) if groups is None else np.asarray(groups)
    ids = np.arange(len(codes)).astype(str)
    return Predictions("test", ids, codes, members.astype(str), probabilities, probabilities, classes)


def two(codes, second):
    return make(codes, np.stack([1 - np.asarray(second, float), second], 1))


def test_a_part_of_one_class_has_no_auroc_and_says_why():
    found = score(two([0, 0, 0], [0.2, 0.7, 0.1])).metrics
    for name in ("auroc", "auprc", "balanced_accuracy", "sensitivity"):
        assert math.isnan(found[name].value)
        assert math.isnan(found[name].low)
        assert found[name].note == "not defined: no image is of well"
        assert found[name].undefined_resamples == 60
    assert found["specificity"].value == pytest.approx(2 / 3)
    assert found["precision_weighted"].value == 1.0
    assert found["recall_weighted"].value == found["accuracy"].value == pytest.approx(2 / 3)


def test_a_class_that_is_never_predicted_has_no_precision_and_is_not_given_zero():
    found = score(two([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4]))
    assert math.isnan(found.metrics["precision_weighted"].value)
    assert found.metrics["precision_weighted"].note == "not defined: no image is predicted as well"
    assert found.by_class["well"]["precision"].note == "not defined: no image is predicted as well"
    assert found.by_class["sick"]["precision"].value == 0.5
    assert found.metrics["f1_weighted"].value == pytest.approx(1 / 3)
    assert found.metrics["auroc"].value == 1.0


def test_resamples_without_a_class_are_counted_and_the_interval_is_that_of_the_others():
    found = score(two([0, 0, 0, 1], [0.1, 0.6, 0.2, 0.7])).metrics["auroc"]
    assert 5 < found.undefined_resamples < 40
    assert found.low == found.high == found.value == 1.0


def test_a_metric_that_no_resample_defines_has_no_interval():
    """Twelve images of twelve classes: a resample that holds all of them will hardly ever come."""
    classes = tuple("abcdefghijkl")
    found = score(make(range(12), np.random.default_rng(0).dirichlet(np.ones(12), 12), classes)).metrics["auroc"]
    assert 0 <= found.value <= 1
    assert math.isnan(found.low)
    assert found.undefined_resamples == 60


def test_equal_scores_are_chance():
    found = score(two([0, 1, 0, 1, 1], [0.5] * 5)).metrics
    assert found["auroc"].value == 0.5
    assert found["auprc"].value == pytest.approx(0.6)


@pytest.mark.parametrize("code", [0, 1])
def test_one_image_gives_what_can_be_said_and_no_more(code):
    found = score(two([code], [0.9])).metrics
    assert math.isnan(found["auroc"].value)
    assert found["accuracy"].value == float(code == 1)
    assert found["brier"].value == pytest.approx((0.9 - code) ** 2)
    assert found["ece"].value == pytest.approx(abs(0.9 - (code == 1)))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), *[st.integers(0, 4)] * 3, st.integers(0, 3)), min_size=1, max_size=25))
def test_every_value_and_interval_lies_in_its_range_whatever_the_part_holds(rows):
    codes, *columns, groups = map(np.array, zip(*rows, strict=True))
    given_ = make(codes, apply_temperature(np.stack(columns, 1), 1.0), ("a", "b", "c"), groups)
    found = score(given_)
    assert found.confusion.sum() == len(rows)
    for name, metric in found.metrics.items():
        assert metric.images == len(rows)
        assert metric.groups == len(set(groups.tolist()))
        most = 2.0 if name == "brier" else 1.0
        if math.isnan(metric.value):
            assert metric.note
        else:
            assert -1e-9 <= metric.low <= metric.high <= most + 1e-9
            assert -1e-9 <= metric.value <= most + 1e-9
            assert not metric.note


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([2.0, 0.3]))
def test_ranks_alone_decide_auroc_and_average_precision(seed, factor):
    random = np.random.default_rng(seed)
    codes, logits = np.r_[0, 1, random.integers(2, size=20)], random.normal(size=22).round(1)
    first, second = (score(two(codes, 1 / (1 + np.exp(-scale * logits)))).metrics for scale in (1.0, factor))
    for name in ("auroc", "auprc"):
        assert (first[name].value, first[name].low) == pytest.approx((second[name].value, second[name].low))


def test_groups_are_resampled_as_wholes():
    codes, scores = np.tile([0, 1], 40), np.linspace(0, 1, 80)
    alone = score(two(codes, scores)).metrics["accuracy"]
    pairs = score(make(codes, np.stack([1 - scores, scores], 1), groups=np.arange(80) // 2)).metrics["accuracy"]
    assert alone.groups, pairs.groups == (80, 40)
    assert pairs.low == pairs.high == 0.5
    assert alone.low < 0.45 < 0.55 < alone.high


def test_same_seed_gives_the_same_intervals_however_the_resamples_are_cut(monkeypatch):
    given_ = two(np.tile([0, 1], 30), np.random.default_rng(0).random(60))
    whole = score(given_, seed=3)
    monkeypatch.setattr(bootstrap, "BLOCK_VALUES", 700)
    assert to_json(score(given_, seed=3)) == to_json(whole)
    assert to_json(score(given_, seed=4)) != to_json(whole)


def test_json_has_null_where_nothing_is_defined_and_reads_back():
    found = score(two([0, 0, 0], [0.2, 0.7, 0.1]))
    content = json.loads(json.dumps(to_json(found), allow_nan=False))
    assert content["metrics"]["auroc"]["value"] is None
    assert set(content["metrics"]) == set(METRICS)
    assert math.isnan(from_json(content["metrics"]["auroc"]).value)
    assert from_json(content["metrics"]["accuracy"]) == found.metrics["accuracy"]
