"""Metrics: those of every split with their intervals, how to read them, and the result in one line."""

from collections.abc import Mapping

import numpy as np

from ganoscope.classifiers.trained import ClassifierRecord
from ganoscope.errors import write_count
from ganoscope.evaluate.classification.metrics import METRICS, Metric, SplitScores
from ganoscope.evaluate.classification.predictions import restore_own
from ganoscope.reports.classifier.artefacts import Findings
from ganoscope.reports.kit.content import Chapter, Section, Table
from ganoscope.statistics.bootstrap import RESAMPLES


def show(findings: Findings) -> Chapter:
    """Returns the metrics of every split."""
    scores = findings.scores
    content = Section(describe_metrics(findings.record, scores), (list_metrics(scores),))
    return Chapter("metrics", "Metrics", (content,))


def describe_metrics(record: ClassifierRecord, scores: Mapping[str, SplitScores]) -> tuple[str, ...]:
    """Returns how to read the metrics, and why some are not defined."""
    two = len(record.classes) == 2
    which = (
        f"AUPRC, sensitivity and specificity are those of {record.classes[1]}, the second class in alphabetical order; "
        "those of the other class are in the table of classes."
        if two
        else "AUROC, AUPRC, sensitivity and specificity are means over the classes, each against the rest."
    )
    return (
        f"In brackets: 95% intervals from {RESAMPLES:,} resamples of whole groups (a patient, a cluster of "
        f"near-duplicates, or both joined). {which} Each image is assigned to its most probable class. Brier score and "
        "calibration errors are better when lower.",
        *(
            f"On the {split} split, {METRICS[name]} is {metric.note}."
            for split, one in scores.items()
            for name, metric in one.metrics.items()
            if metric.note
        ),
    )


def list_metrics(scores: Mapping[str, SplitScores]) -> Table:
    """Returns the metrics of every split."""
    header = ("Metric", *(describe_split(split, one) for split, one in scores.items()))
    rows = [
        (title[:1].upper() + title[1:], *(write_metric(one.metrics[name]) for one in scores.values()))
        for name, title in METRICS.items()
    ]
    return Table("Metrics by split", header, tuple(rows))


def describe_split(split: str, scores: SplitScores) -> str:
    """Returns a split's name with its numbers of images and groups."""
    return f"{split}: {write_count(sum(scores.counts.values()), 'image')}, {write_count(scores.groups, 'group')}"


def write_metric(metric: Metric) -> str:
    """Returns a metric with its interval.

    Example:
        >>> write_metric(Metric(0.9, 0.85, 0.94, images=10, groups=5)), write_metric(Metric(float("nan"), 0, 0, 1, 1))
        ('0.900 (0.850 to 0.940)', 'not defined')
        >>> write_metric(Metric(0.9, float("nan"), float("nan"), images=3, groups=3))
        '0.900 (no interval)'
    """
    if np.isnan(metric.value):
        return "not defined"
    interval = "no interval" if np.isnan(metric.low) else f"{metric.low:.3f} to {metric.high:.3f}"
    return f"{metric.value:.3f} ({interval})"


def describe_abstract(findings: Findings) -> str:
    """Returns the classifier's task, its training data and its performance, in two sentences."""
    record, scores = findings.record, findings.results.scores
    images = sum(scores.counts.values())
    return (
        f"{record.network} for {len(record.classes)} classes ({', '.join(record.classes)}), trained on "
        f"{len(record.sample_ids):,} images of {record.size} × {record.size} px. On {images:,} images of "
        f"{scores.groups:,} independent groups in the {findings.shown} split: AUROC "
        f"{write_metric(scores.metrics['auroc'])}, balanced accuracy "
        f"{write_metric(scores.metrics['balanced_accuracy'])}."
    )


def describe_result(record: ClassifierRecord) -> str:
    """Returns a classifier's performance on the test split, in one line."""
    scores = restore_own(record)
    if scores is None:
        return "nothing was measured on the test split"
    shown = ("auroc", "auprc", "balanced_accuracy", "ece")
    metrics = {name: scores.metrics[name] for name in shown}
    worth = ", ".join(f"{METRICS[name]} {write_metric(metric)}" for name, metric in metrics.items())
    return f"test split, {metrics['auroc'].images:,} images of {metrics['auroc'].groups:,} groups: {worth}"
