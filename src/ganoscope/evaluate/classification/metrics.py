"""Metrics of a classifier on one split of a store, with intervals over patients.

Metrics that depend on the prevalence (accuracy, weighted precision, recall, F1) are given together with metrics that do
not. Metrics that are undefined, such as the AUROC of a split with a single class, are NaN here and null in JSON, with
the reason in words.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.evaluate.classification.calibration import BINS, find_bins
from ganoscope.files.records import Number, convert
from ganoscope.seeds import Stream, stream
from ganoscope.statistics.auroc import rank_classes
from ganoscope.statistics.bootstrap import RESAMPLES, draw_weights
from ganoscope.statistics.estimate import compute_percentile_interval

Floats = NDArray[np.float64]

METRICS = {
    "auroc": "AUROC",
    "auprc": "AUPRC (average precision)",
    "balanced_accuracy": "balanced accuracy",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "brier": "Brier score",
    "ece": "expected calibration error",
    "ece_uncalibrated": "expected calibration error at temperature 1",
    "accuracy": "accuracy",
    "precision_weighted": "weighted precision",
    "recall_weighted": "weighted recall",
    "f1_weighted": "weighted F1",
}
"""Metrics of a split by name, with their titles. With two classes, AUPRC, sensitivity and specificity are those of the
second class in alphabetical order; with more, they and the AUROC are means over the classes, each against the rest."""
CLASS_METRICS = {
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "precision": "precision",
}
"""Metrics of one class against the rest."""


@dataclass(frozen=True)
class Metric:
    """A metric with its interval: an estimate in the form that JSON files and tables have.

    Attributes:
        value: Value on all images; NaN where the metric is undefined.
        low: Lower end of the 95% interval; NaN where the metric is undefined in every resample.
        high: Upper end.
        images: Number of images.
        groups: Number of groups (patients, or clusters of near-duplicates) that were resampled.
        undefined_resamples: Number of resamples in which the metric is undefined; the interval leaves them out.
        note: Why the metric is undefined, or "".
    """

    value: Number
    low: Number
    high: Number
    images: int
    groups: int
    undefined_resamples: int = 0
    note: str = ""


@dataclass(frozen=True)
class SplitScores:
    """Metrics of a classifier on one split.

    Attributes:
        counts: Number of images of each class.
        groups: Number of groups.
        metrics: Metrics of the split by name, as in `METRICS`.
        by_class: Metrics of each class by class and name, as in `CLASS_METRICS`.
        confusion: Number of images by class (row) and predicted class (column), shape (K, K).
    """

    counts: dict[str, int]
    groups: int
    metrics: dict[str, Metric]
    by_class: dict[str, dict[str, Metric]]
    confusion: NDArray[np.int64]


@dataclass(frozen=True)
class Predictions:
    """Predictions of a classifier on the images of one split.

    Attributes:
        split: Name of the split.
        sample_ids: Sample ids of the images, shape (N,).
        codes: Labels as codes in `classes`, shape (N,).
        groups: Group of each image, shape (N,).
        probabilities: Calibrated probabilities, shape (N, K).
        uncalibrated: Probabilities at temperature 1, same shape.
        classes: Names of the classes.
    """

    split: str
    sample_ids: NDArray[np.str_]
    codes: NDArray[np.int64]
    groups: NDArray[np.str_]
    probabilities: Floats
    uncalibrated: Floats
    classes: tuple[str, ...]

    @property
    def predicted(self) -> NDArray[np.int64]:
        """Codes of the most probable classes, shape (N,)."""
        return self.probabilities.argmax(1)


def score(predictions: Predictions, seed: int = 0) -> SplitScores:
    """Returns all metrics with percentile intervals from 2,000 resamples of the groups, drawn with replacement.

    Args:
        predictions: Predictions for one image or more.
        seed: Seed of the resampling.

    Source: Efron, Tibshirani 1993, "An Introduction to the Bootstrap", ch. 13; groups resampled as wholes: Field,
        Welsh 2007, https://doi.org/10.1111/j.1467-9868.2007.00593.x
    """
    names, member = np.unique(predictions.groups, return_inverse=True)
    images = len(predictions.codes)
    values = compute_values(predictions, np.ones((1, images)))
    resamples = draw_weights(member, stream(seed, Stream.BOOTSTRAP), RESAMPLES)
    chunks = [compute_values(predictions, weights) for weights in resamples]
    resampled = {name: np.concatenate([chunk[name] for chunk in chunks]) for name in values}
    metrics = {
        name: make_metric(name, float(values[name][0]), resampled[name], predictions, len(names)) for name in values
    }
    confusion = compute_confusion(predictions, np.ones((1, images)))[0].astype(np.int64)
    return SplitScores(
        counts=dict(zip(predictions.classes, confusion.sum(1).tolist(), strict=True)),
        groups=len(names),
        metrics={name: metrics[name] for name in METRICS},
        by_class={label: {name: metrics[f"{name} {label}"] for name in CLASS_METRICS} for label in predictions.classes},
        confusion=confusion,
    )


def make_metric(name: str, value: float, resampled: Floats, predictions: Predictions, groups: int) -> Metric:
    """Returns a metric with the percentile interval of its resampled values.

    Resampling adds noise to every bin of a calibration error and so raises it: its percentiles are shifted so that
    their median is the value.

    Args:
        name: Name of the metric.
        value: Value on all images.
        resampled: Value in each resample, shape (R,); NaN is left out.
        predictions: Predictions that the metric was computed from.
        groups: Number of groups that were resampled.
    """
    defined, images = resampled[np.isfinite(resampled)], len(predictions.codes)
    missing = len(resampled) - len(defined)
    if math.isnan(value):
        return Metric(value, math.nan, math.nan, images, groups, missing, explain_gap(name, predictions))
    if not len(defined):
        return Metric(value, math.nan, math.nan, images, groups, missing)
    low, high = compute_percentile_interval(defined)
    if name.startswith("ece"):
        middle = float(np.median(defined))
        low, high = (max(0.0, end + value - middle) for end in (low, high))
    return Metric(value, low, high, images, groups, missing)


def compute_values(predictions: Predictions, weights: Floats) -> dict[str, Floats]:
    """Returns every metric for every row of weights, each of shape (R,).

    Args:
        predictions: Predictions for N images.
        weights: How often each resample holds each image, shape (R, N).

    Returns:
        Values of shape (R,) by the name of the metric; those of one class are called "metric class".

    Source: Brier 1950, https://doi.org/10.1175/1520-0493(1950)078%3C0001:VOFEIT%3E2.0.CO;2
    Differs: with two classes, the Brier score is the squared error of one probability: half of Brier's sum over both.
    """
    classes, codes = predictions.classes, predictions.codes
    values = compute_counted(compute_confusion(predictions, weights), classes)
    for code, label in enumerate(classes):
        auroc, precision = rank_classes(predictions.probabilities[:, code], codes == code, weights)
        values |= {f"auroc {label}": auroc, f"auprc {label}": precision}
    for name in ("auroc", "auprc", "sensitivity", "specificity"):
        columns = [values[f"{name} {label}"] for label in classes]
        values[name] = columns[1] if len(classes) == 2 else np.mean(columns, axis=0)
    errors = np.square(predictions.probabilities - np.eye(len(classes))[codes]).sum(1)
    values["brier"] = weights @ errors / weights.sum(1) / (2 if len(classes) == 2 else 1)
    values["ece"] = compute_calibration_errors(predictions.probabilities, codes, weights)
    values["ece_uncalibrated"] = compute_calibration_errors(predictions.uncalibrated, codes, weights)
    return values


def compute_confusion(predictions: Predictions, weights: Floats) -> Floats:
    """Returns weighted counts by class and predicted class for every row of weights, shape (R, K, K)."""
    number = len(predictions.classes)
    cells = np.eye(number * number)[predictions.codes * number + predictions.predicted]
    return (weights @ cells).reshape(-1, number, number)


def compute_counted(confusion: Floats, classes: tuple[str, ...]) -> dict[str, Floats]:
    """Returns the metrics that follow from confusion matrices of shape (R, K, K), each of shape (R,).

    A ratio with denominator 0 is NaN, and so is a mean over classes that includes one. Weighted means weight each class
    by its number of images, so that a class without images has no influence.
    """
    right, support, predicted = np.einsum("rkk->rk", confusion), confusion.sum(2), confusion.sum(1)
    total = support.sum(1, keepdims=True)
    with np.errstate(invalid="ignore"):
        recall, precision = right / support, right / predicted
        f1 = 2 * right / (support + predicted)
        specificity = (total - support - predicted + right) / (total - support)
    values = {"accuracy": right.sum(1) / total[:, 0], "balanced_accuracy": recall.mean(1)}
    for name, ratio in (("precision", precision), ("recall", recall), ("f1", f1)):
        values[f"{name}_weighted"] = np.where(support > 0, support * ratio, 0.0).sum(1) / total[:, 0]
    for code, label in enumerate(classes):
        values |= {
            f"sensitivity {label}": recall[:, code],
            f"specificity {label}": specificity[:, code],
            f"precision {label}": precision[:, code],
        }
    return values


def compute_calibration_errors(probabilities: Floats, codes: NDArray[np.int64], weights: Floats) -> Floats:
    """Returns the expected calibration error for every row of weights, shape (R,), as `Reliability.error` defines it.

    Args:
        probabilities: Shape (N, K).
        codes: Label codes, shape (N,).
        weights: How often each resample holds each image, shape (R, N).
    """
    confidence, right = probabilities.max(1), probabilities.argmax(1) == codes
    gaps = np.zeros((len(codes), BINS))
    gaps[np.arange(len(codes)), find_bins(confidence)] = right - confidence
    errors: Floats = np.abs(weights @ gaps).sum(1) / weights.sum(1)
    return errors


def explain_gap(name: str, predictions: Predictions) -> str:
    """Returns why a metric may not be defined on this split: classes that are absent, or never predicted."""
    metric, _, label = name.partition(" ")
    asked = [label] if label else list(predictions.classes)
    present = {predictions.classes[code] for code in predictions.codes}
    chosen = {predictions.classes[code] for code in predictions.predicted}
    absent = [one for one in asked if one not in present]
    if metric == "precision":
        return "" if label in chosen else f"not defined: no image is predicted as {label}"
    if metric == "precision_weighted":
        return f"not defined: no image is predicted as {', '.join(one for one in asked if one not in chosen)}"
    if len(present) == 1 and not absent:
        return f"not defined: every image is of {label}"
    return f"not defined: no image is of {', '.join(absent)}"


def to_json(scores: SplitScores) -> dict[str, Any]:
    """Returns the scores as JSON values; what is not defined is null."""
    return {
        "counts": scores.counts,
        "groups": scores.groups,
        "metrics": {name: metric_to_json(metric) for name, metric in scores.metrics.items()},
        "by_class": {
            label: {name: metric_to_json(metric) for name, metric in metrics.items()}
            for label, metrics in scores.by_class.items()
        },
        "confusion": scores.confusion.tolist(),
    }


def metric_to_json(metric: Metric) -> dict[str, float | int | str | None]:
    """Returns one metric as JSON values; NaN becomes null."""
    return {
        name: None if isinstance(value, float) and math.isnan(value) else value
        for name, value in asdict(metric).items()
    }


def from_json(content: Mapping[str, float | int | str | None]) -> Metric:
    """Returns the metric that `metric_to_json` wrote.

    Example:
        >>> from_json(metric_to_json(Metric(float("nan"), 0.1, 0.2, images=3, groups=2)))
        Metric(value=nan, low=0.1, high=0.2, images=3, groups=2, undefined_resamples=0, note='')
    """
    found: Metric = convert(Metric, content, "metric")
    return found
