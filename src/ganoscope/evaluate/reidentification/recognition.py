"""How well a metric network recognises patients that it has not learned from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.evaluate.reidentification.nearest_patient import Embedded
from ganoscope.evaluate.reidentification.same_patient import (
    Calibration,
    Floats,
    estimate_pair_auroc,
    fit_calibration,
    make_pairs,
)
from ganoscope.seeds import Stream, stream
from ganoscope.statistics.estimate import Estimate

FEWEST_PATIENTS = 10
"""Patients with two images or more that recognition is measured on, at least."""

MOST_IMAGES = 1500
"""Images of which all pairs are looked at, at most, but for the last patient's."""


@dataclass(frozen=True)
class Recognition:
    """How well patients are recognised.

    Attributes:
        auroc: Probability that two images of a patient are more alike than images of two patients.
        calibration: From likeness to the probability of the same patient.
        patients: Which patients it was measured on, in words.
    """

    auroc: Estimate
    calibration: Calibration
    patients: str


def measure_recognition(validation: tuple[Floats, NDArray[Any]], audited: Sequence[Embedded], seed: int) -> Recognition:
    """Returns how well patients are recognised: those under audit, where enough of them have several images.

    Those have had no part in the training. Validation patients have chosen its length, so that their AUROC is a little
    too high.

    Args:
        validation: Embeddings of the validation patients' images, shape (N, D), and their patients, shape (N,).
        audited: Sets under audit, of different patients.
        seed: Seed of the resampling.
    """
    embeddings = np.concatenate([each.embeddings[each.named] for each in audited])
    patients = np.concatenate([each.groups[each.named] for each in audited])
    chosen = choose_repeated(patients, seed, MOST_IMAGES)
    words = "patients under audit, none of whom the network has learned from"
    if len(np.unique(patients[chosen])) < FEWEST_PATIENTS:
        words = "validation patients of the network's training, who chose its length"
        embeddings, patients = validation
        chosen = choose_repeated(patients, seed, MOST_IMAGES)
    pairs = make_pairs(embeddings[chosen], patients[chosen], seed)
    return Recognition(estimate_pair_auroc(pairs, seed), fit_calibration(pairs), words)


def choose_repeated(patients: NDArray[Any], seed: int, most: int) -> NDArray[np.int64]:
    """Returns positions of images whose patient has several: random patients, until there are enough images.

    Args:
        patients: Patient of each image, shape (N,).
        seed: Seed of the choice.
        most: Most images, but for the last patient's.
    """
    _, member, counts = np.unique(patients, return_inverse=True, return_counts=True)
    order = stream(seed, Stream.PATIENT_PAIRS, 2).permutation(np.flatnonzero(counts > 1))
    taken = order[: int(np.searchsorted(np.cumsum(counts[order]), most)) + 1]
    return np.flatnonzero(np.isin(member, taken))
