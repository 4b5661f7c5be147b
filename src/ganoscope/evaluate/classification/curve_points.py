"""Points of a classifier's ROC, precision-recall and reliability curves on one split."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.evaluate.classification.calibration import Reliability, compute_reliability
from ganoscope.evaluate.classification.metrics import Predictions

Floats = NDArray[np.float64]

CLASSES = 6
"""Classes with curves, at most: those with the most images."""


@dataclass(frozen=True)
class ClassCurves:
    """Curves of one class against the rest.

    Attributes:
        false_positive_rate: 1 - specificity along the ROC curve, shape (T,).
        true_positive_rate: Sensitivity along the ROC curve, shape (T,).
        precision: Precision along the precision-recall curve, shape (U,).
        recall: Sensitivity along the precision-recall curve, shape (U,).
        prevalence: Share of the images that are of the class.
    """

    false_positive_rate: Floats
    true_positive_rate: Floats
    precision: Floats
    recall: Floats
    prevalence: float


@dataclass(frozen=True)
class SplitCurves:
    """Curves of one split.

    Attributes:
        by_class: By the name of the class, as `list_curve_classes` lists them.
        calibrated: Accuracy by confidence.
        uncalibrated: The same at temperature 1.
    """

    by_class: dict[str, ClassCurves]
    calibrated: Reliability
    uncalibrated: Reliability


def compute_curves(predictions: Predictions) -> SplitCurves:
    """Returns the curves of one split.

    Source: scikit-learn, https://scikit-learn.org/stable/modules/model_evaluation.html (`roc_curve`,
        `precision_recall_curve`)
    """
    from sklearn.metrics import precision_recall_curve, roc_curve  # imported late: it takes a second

    by_class = {}
    for code in list_curve_classes(predictions):
        positive, scores = predictions.codes == code, predictions.probabilities[:, code]
        across, up, _ = roc_curve(positive, scores)
        precision, recall, _ = precision_recall_curve(positive, scores)
        by_class[predictions.classes[code]] = ClassCurves(across, up, precision, recall, float(np.mean(positive)))
    return SplitCurves(
        by_class=by_class,
        calibrated=compute_reliability(predictions.probabilities, predictions.codes),
        uncalibrated=compute_reliability(predictions.uncalibrated, predictions.codes),
    )


def list_curve_classes(predictions: Predictions) -> list[int]:
    """Returns the codes of the classes that have curves: of two, the second; of more, the six with the most images.

    A class without images, or with all of them, has no curve.
    """
    counts = np.bincount(predictions.codes, minlength=len(predictions.classes))
    chosen = [1] if len(counts) == 2 else sorted(np.argsort(-counts, kind="stable")[:CLASSES].tolist())
    return [code for code in chosen if 0 < counts[code] < len(predictions.codes)]
