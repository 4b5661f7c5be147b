"""Answers of all classifiers of a study to held-out images, and how much its means depend on these patients."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.arrays import load_arrays
from ganoscope.evaluate.classification.metrics import Predictions, compute_values
from ganoscope.statistics.auroc import compute_macro_auroc
from ganoscope.statistics.patient_bootstrap import HeldOut
from ganoscope.statistics.patient_jackknife import estimate_patient_variances
from ganoscope.studies.arms import BASELINE
from ganoscope.studies.result_files import EXTERNAL, HELD_OUT, PREDICTIONS
from ganoscope.studies.result_tables import Outcomes

REMEDY = "Delete the study's folder of tasks, and run it again."
Key = tuple[str, str, str]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PatientVariances:
    """Variances over patients of means over splits, by (part, arm, family); images without patients have none.

    Attributes:
        levels: Variance of the mean of each arm.
        differences: Variance of its mean difference from the baseline.
    """

    levels: Mapping[Key, float]
    differences: Mapping[Key, float]


def measure_patient_variances(outcomes: Outcomes, evaluations: Sequence[Path], endpoint: str) -> PatientVariances:
    """Returns how much the means of all arms and their differences depend on who was tested.

    Args:
        outcomes: Values of the endpoint.
        evaluations: Results of the evaluations, by the number of the split.
        endpoint: Name of the metric.
    """
    levels: dict[Key, float] = {}
    differences: dict[Key, float] = {}
    for part, family in sorted({(part, family) for part, _, family in outcomes.values if part in (HELD_OUT, EXTERNAL)}):
        others = sorted(arm for which, arm, whose in outcomes.values if (which, whose) == (part, family))
        arms = [BASELINE, *(arm for arm in others if arm != BASELINE)]
        splits = [read_held_out(folder, part, family, arms) for folder in evaluations]
        found = estimate_patient_variances(splits, lambda *images: compute_metric(endpoint, *images))
        for names, variances in zip((levels, differences), found, strict=True):
            names.update({(part, arm, family): float(value) for arm, value in zip(arms, variances, strict=True)})
    return PatientVariances(levels, differences)


def compute_metric(name: str, codes: NDArray[np.int64], probabilities: Floats, weights: Floats) -> Floats:
    """Returns a metric for every row of weights, shape (R,).

    Args:
        name: Name of the metric.
        codes: Labels, shape (N,).
        probabilities: Shape (N, K).
        weights: How often each resample holds each image, shape (R, N).
    """
    if name == "auroc":
        return compute_macro_auroc(codes, probabilities, weights)
    classes = tuple(map(str, range(probabilities.shape[1])))
    images = np.arange(len(codes)).astype(str)
    predictions = Predictions(HELD_OUT, images, codes, images, probabilities, probabilities, classes)
    return compute_values(predictions, weights)[name]


def read_held_out(folder: Path, part: str, family: str, arms: Sequence[str]) -> HeldOut:
    """Returns the images of one split with the answers of all arms, averaged over seeds.

    Args:
        folder: Result of the split's evaluation.
        part: What was tested on.
        family: Family of classifiers.
        arms: The arms; the first is the baseline.
    """
    found = load_arrays(folder / PREDICTIONS, REMEDY)
    answers = [
        np.mean([array for name, array in found.items() if name.startswith(f"{part}/{arm}/{family}/")], axis=0)
        for arm in arms
    ]
    return HeldOut(found[f"{part}/groups"], found[f"{part}/codes"], np.stack(answers))
