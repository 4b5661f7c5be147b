"""Metrics against scikit-learn and naive loops in float64, temperature against a grid, intervals against simulation."""

import numpy as np
import pytest
from sklearn import metrics

from ganoscope.evaluate.classification.calibration import BINS, apply_temperature, compute_reliability, fit_temperature
from ganoscope.evaluate.classification.metrics import (
    CLASS_METRICS,
    METRICS,
    Predictions,
    compute_values,
    score,
)
from ganoscope.seeds import Stream, stream
from ganoscope.statistics.auroc import rank_classes
from ganoscope.statistics.bootstrap import draw_weights

NAMES = ("ape", "bear", "cat", "dog")


def make_predictions(seed, images, classes, ties=False, groups=None):
    random = np.random.default_rng(seed)
    codes = np.concatenate([np.arange(classes), random.integers(classes, size=images - classes)])
    logits = random.normal(size=(images, classes)) + 1.2 * np.eye(classes)[codes]
    probabilities = apply_temperature(logits.round(0) if ties else logits, 1.0)
    members = np.arange(images) if groups is None else groups
    ids = np.arange(images).astype(str)
    others = apply_temperature(logits, 0.5)
    return Predictions("test", ids, codes, members.astype(str), probabilities, others, NAMES[:classes])


def naive_auroc(scores, positive, weights):
    wins = total = 0.0
    for i in np.flatnonzero(positive):
        for j in np.flatnonzero(~positive):
            wins += weights[i] * weights[j] * ((scores[i] > scores[j]) + 0.5 * (scores[i] == scores[j]))
            total += weights[i] * weights[j]
    return wins / total


def naive_calibration_error(probabilities, codes):
    error = 0.0
    for number in range(BINS):
        low, high = number / BINS, (number + 1) / BINS
        inside = [
            (max(row), int(np.argmax(row) == code))
            for row, code in zip(probabilities, codes, strict=True)
            if low < max(row) <= high
        ]
        if inside:
            confidence, right = np.mean([pair[0] for pair in inside]), np.mean([pair[1] for pair in inside])
            error += len(inside) / len(codes) * abs(right - confidence)
    return error


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("classes", [2, 3, 4])
def test_every_metric_equals_scikit_learn(classes, ties):
    given = make_predictions(classes, 300, classes, ties)
    codes, probabilities, said = given.codes, given.probabilities, given.predicted
    found = {name: metric.value for name, metric in score(given).metrics.items()}
    one_hot = np.eye(classes)[codes]
    two = classes == 2
    recall = metrics.recall_score(codes, said, average=None)
    confusions = metrics.multilabel_confusion_matrix(codes, said)
    specificity = [matrix[0, 0] / matrix[0].sum() for matrix in confusions]
    weighted = metrics.precision_recall_fscore_support(codes, said, average="weighted")
    expected = {
        "auroc": metrics.roc_auc_score(codes, probabilities[:, 1] if two else probabilities, multi_class="ovr"),
        "auprc": metrics.average_precision_score(
            codes if two else one_hot, probabilities[:, 1] if two else probabilities
        ),
        "balanced_accuracy": metrics.balanced_accuracy_score(codes, said),
        "sensitivity": recall[1] if two else recall.mean(),
        "specificity": specificity[1] if two else np.mean(specificity),
        "brier": metrics.brier_score_loss(codes, probabilities[:, 1])
        if two
        else np.square(probabilities - one_hot).sum(1).mean(),
        "ece": naive_calibration_error(probabilities, codes),
        "ece_uncalibrated": naive_calibration_error(given.uncalibrated, codes),
        "accuracy": metrics.accuracy_score(codes, said),
        "precision_weighted": weighted[0],
        "recall_weighted": weighted[1],
        "f1_weighted": weighted[2],
    }
    assert set(expected) == set(METRICS)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=1e-12), name


@pytest.mark.parametrize("ties", [False, True])
def test_metrics_of_a_resample_equal_those_of_its_images_written_out(ties):
    given = make_predictions(5, 80, 3, ties, groups=np.arange(80) // 3)
    _, member = np.unique(given.groups, return_inverse=True)
    weights = next(iter(draw_weights(member, stream(1, Stream.BOOTSTRAP), 20)))
    found = compute_values(given, weights)
    for row, times in enumerate(weights.astype(int)):
        chosen = np.repeat(np.arange(80), times)
        codes, probabilities = given.codes[chosen], given.probabilities[chosen]
        said = probabilities.argmax(1)
        assert found["auroc"][row] == pytest.approx(metrics.roc_auc_score(codes, probabilities, multi_class="ovr"))
        for code, label in enumerate(given.classes):
            value = metrics.average_precision_score(codes == code, probabilities[:, code])
            assert found[f"auprc {label}"][row] == pytest.approx(value)
        assert found["f1_weighted"][row] == pytest.approx(metrics.f1_score(codes, said, average="weighted"))
        assert found["ece"][row] == pytest.approx(naive_calibration_error(probabilities, codes))


def test_weighted_auroc_and_precision_equal_naive_sums():
    random = np.random.default_rng(3)
    scores, positive = random.integers(0, 6, 40) / 5.0, random.random(40) < 0.4
    weights = random.integers(0, 4, (6, 40)).astype(float)
    auroc, precision = rank_classes(scores, positive, weights)
    for row, found, average in zip(weights, auroc, precision, strict=True):
        assert found == pytest.approx(naive_auroc(scores, positive, row))
        assert average == pytest.approx(metrics.average_precision_score(positive, scores, sample_weight=row))


def test_class_metrics_equal_those_of_the_class_against_the_rest():
    given = make_predictions(8, 200, 4)
    found = score(given).by_class
    for code, label in enumerate(given.classes):
        true, said = given.codes == code, given.predicted == code
        expected = {
            "auroc": metrics.roc_auc_score(true, given.probabilities[:, code]),
            "auprc": metrics.average_precision_score(true, given.probabilities[:, code]),
            "sensitivity": (true & said).sum() / true.sum(),
            "specificity": (~true & ~said).sum() / (~true).sum(),
            "precision": (true & said).sum() / said.sum(),
        }
        assert set(expected) == set(CLASS_METRICS)
        assert {name: metric.value for name, metric in found[label].items()} == pytest.approx(expected)


def test_temperature_is_the_best_of_a_fine_grid():
    random = np.random.default_rng(0)
    codes = random.integers(3, size=200)
    logits = 3.0 * (random.normal(size=(200, 3)) + np.eye(3)[codes])

    def loss(temperature):
        return -np.log(apply_temperature(logits, temperature)[np.arange(200), codes]).mean()

    grid = np.exp(np.linspace(np.log(0.1), np.log(10), 1001))
    best = grid[np.argmin([loss(temperature) for temperature in grid])]
    assert best > 1.5
    assert fit_temperature(logits, codes) == pytest.approx(best, rel=5e-3)


def test_temperature_removes_a_known_overconfidence():
    random = np.random.default_rng(1)
    logits = 2 * random.normal(size=(20_000, 4))
    honest = apply_temperature(logits, 1.0)
    codes = (honest.cumsum(1) > random.random((20_000, 1))).argmax(1)
    temperature = fit_temperature(3.0 * logits, codes)
    assert temperature == pytest.approx(3.0, rel=0.03)
    before = compute_reliability(apply_temperature(3.0 * logits, 1.0), codes).error
    after = compute_reliability(apply_temperature(3.0 * logits, temperature), codes).error
    assert after < 0.02 < 0.1 < before


def test_reliability_equals_the_naive_error():
    given = make_predictions(2, 250, 3)
    found = compute_reliability(given.probabilities, given.codes)
    assert found.error == pytest.approx(naive_calibration_error(given.probabilities, given.codes))
    assert found.counts.sum() == 250


def simulate_clusters(random, patients, images):
    """Images of one patient share label and most of their score: the naive interval pretends that each is a case."""
    codes = np.repeat(random.random(patients) < 0.5, images).astype(int)
    shared = np.repeat(random.normal(size=patients), images)
    scores = 1.0 * codes + shared + 0.3 * random.normal(size=patients * images)
    probabilities = np.stack([-scores, scores], 1)
    groups = np.repeat(np.arange(patients), images).astype(str)
    ids = np.arange(len(codes)).astype(str)
    return Predictions("test", ids, codes, groups, apply_temperature(probabilities, 1), probabilities, ("no", "yes"))


def test_auroc_interval_covers_the_truth_when_patients_are_resampled_and_is_wider_than_by_image():
    random = np.random.default_rng(7)
    many = simulate_clusters(random, 40_000, 1)
    truth = metrics.roc_auc_score(many.codes, many.probabilities[:, 1])
    covered = naive_covered = 0
    ratios = []
    for _ in range(120):
        given = simulate_clusters(random, 60, 5)
        _, member = np.unique(given.groups, return_inverse=True)
        positive = given.codes == 1
        intervals = []
        for members in (member, np.arange(len(member))):
            resamples = draw_weights(members, stream(0, Stream.BOOTSTRAP), 300)
            parts = [rank_classes(given.probabilities[:, 1], positive, weights)[0] for weights in resamples]
            intervals.append(np.quantile(np.concatenate(parts), (0.025, 0.975)))
        (low, high), (naive_low, naive_high) = intervals
        covered += low <= truth <= high
        naive_covered += naive_low <= truth <= naive_high
        ratios.append((high - low) / (naive_high - naive_low))
    assert covered / 120 >= 0.88
    assert naive_covered / 120 <= 0.8
    assert np.median(ratios) > 1.5
