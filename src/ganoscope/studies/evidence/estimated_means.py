"""Means over splits, with 95% intervals over what the estimand lets vary: splits or patients.

Held-out patients are also trained on in other splits. Where the procedure is in question, the interval is that of the
corrected t-test, widened where the patients vary more. Where the models are, and for patients of an external store,
which no model has learned from, it is the jackknife's over patients, and the models stay as they are.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ganoscope.statistics.corrected_t import MeanDifference, compare_splits
from ganoscope.statistics.patient_jackknife import estimate_over_patients
from ganoscope.studies.evidence.held_out_answers import Key, PatientVariances
from ganoscope.studies.result_files import EXTERNAL, HELD_OUT

LARGEST = {"brier": 2.0}
"""Upper end of the range of a metric that does not end at 1."""


@dataclass(frozen=True)
class EstimatedMeans:
    """How means of a study are estimated.

    Attributes:
        ratio: Test patients per training patient of a split.
        variances: How much means depend on who was tested.
        estimand: What the study is about.
    """

    ratio: float
    variances: PatientVariances
    estimand: Literal["procedure", "models"] = "procedure"

    def estimate_level(self, key: Key, values: ArrayLike) -> MeanDifference | None:
        """Returns the mean of a metric over the splits in which it is defined; None where there is none.

        Args:
            key: What was tested on, arm, family, metric.
            values: Value of each split, shape (splits,).
        """
        return self._estimate(key[0], values, self.variances.find_level(*key), (0.0, LARGEST.get(key[-1], 1.0)))

    def estimate_difference(self, key: Key, values: ArrayLike, metric: str) -> MeanDifference | None:
        """Returns the mean difference of an arm from the baseline over the splits in which both are defined, or None.

        Args:
            key: What was tested on, arm, family, and the metric as its variance is called.
            values: Difference of each split, shape (splits,).
            metric: The metric, which limits the interval.
        """
        largest = LARGEST.get(metric, 1.0)
        return self._estimate(key[0], values, self.variances.find_difference(*key), (-largest, largest))

    def _estimate(
        self, part: str, values: ArrayLike, variance: float, limits: tuple[float, float]
    ) -> MeanDifference | None:
        array = np.asarray(values, np.float64)
        known = array[np.isfinite(array)]
        if not len(known):
            return None
        over_patients = part == EXTERNAL or (part == HELD_OUT and self.estimand == "models")
        found = (estimate_over_patients if over_patients else compare_splits)(known, self.ratio, variance)
        low, high = np.clip((found.low, found.high), *limits).tolist()
        return replace(found, low=low, high=high)
