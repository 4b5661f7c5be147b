"""Pairs of images: of the same patient, and of different ones; how well likeness tells them apart."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.seeds import Stream, stream
from ganoscope.statistics.auroc import compute_auroc
from ganoscope.statistics.bootstrap import count_draws
from ganoscope.statistics.estimate import Estimate, make_estimate

Floats = NDArray[np.float64]
RESAMPLES = 500
"""Resamples of patients for the AUROC of pairs: each weighs up to half a million pairs."""
BLOCK = 20
"""Resamples in memory at once."""
MOST_PAIRS = 100_000
"""Pairs of different patients that are looked at, drawn at random where there are more."""


@dataclass(frozen=True)
class Pairs:
    """Pairs of images with their likeness.

    Attributes:
        likeness: Cosine of their embeddings, shape (P,).
        same: Whether both are of one patient, shape (P,).
        first: Number of the first image's patient, shape (P,).
        second: Number of the second's.
        weights: Weight of each pair, shape (P,): each patient's own pairs together weigh 1, and so do the pairs
            between each two patients.
    """

    likeness: Floats
    same: NDArray[np.bool_]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    weights: Floats

    @property
    def recognisable(self) -> int:
        """Number of patients with two images or more."""
        return len(np.unique(self.first[self.same]))


def make_pairs(embeddings: Floats, patients: NDArray[Any], seed: int) -> Pairs:
    """Returns the pairs of some images: all of the same patient, and at most `MOST_PAIRS` of different ones.

    Args:
        embeddings: Unit length, shape (N, D).
        patients: Patient of each image, shape (N,).
        seed: Seed of the choice.
    """
    _, member, images = np.unique(patients, return_inverse=True, return_counts=True)
    first, second = np.triu_indices(len(member), 1)
    same = member[first] == member[second]
    different = np.flatnonzero(~same)
    if len(different) > MOST_PAIRS:
        different = stream(seed, Stream.PATIENT_PAIRS, 1).choice(different, MOST_PAIRS, replace=False)
    kept = np.sort(np.concatenate([np.flatnonzero(same), different]))
    first, second, same = first[kept], second[kept], same[kept]
    likeness = np.einsum("ij,ij->i", embeddings[first], embeddings[second])
    one, other = images[member[first]], images[member[second]]
    pairs = np.where(same, one * (one - 1) / 2, one * other)
    return Pairs(likeness, same, member[first], member[second], 1 / pairs)


def estimate_pair_auroc(pairs: Pairs, seed: int) -> Estimate:
    """Returns the probability that a pair of one patient is more alike than a pair of two, with its interval.

    Each patient counts once, however many images there are of it. Patients are resampled: a pair of different patients
    then counts as often as both were drawn, a patient's own pairs as often as it was.

    Args:
        pairs: The pairs, some of them of the same patient.
        seed: Seed of the resampling.

    Source: groups resampled as wholes: Field, Welsh 2007, https://doi.org/10.1111/j.1467-9868.2007.00593.x
    """
    patients = int(max(pairs.first.max(), pairs.second.max())) + 1
    random = stream(seed, Stream.PATIENT_PAIRS, 0)
    resampled: list[Floats] = []
    for _ in range(RESAMPLES // BLOCK):
        times = count_draws(patients, random, BLOCK).astype(np.float64)
        drawn = times[:, pairs.first] * np.where(pairs.same, 1.0, times[:, pairs.second])
        resampled.append(compute_auroc(pairs.likeness, pairs.same, drawn * pairs.weights))
    value = float(compute_auroc(pairs.likeness, pairs.same, pairs.weights[None])[0])
    return make_estimate(value, np.concatenate(resampled), len(pairs.likeness), pairs.recognisable)


@dataclass(frozen=True)
class Calibration:
    """Logistic curve from likeness to the probability of the same patient, where both were equally likely before.

    Attributes:
        slope: Slope.
        offset: Offset.
    """

    slope: float
    offset: float

    def compute_probability(self, likeness: Floats) -> Floats:
        """Returns probabilities for likeness of any shape.

        Example:
            >>> Calibration(10.0, -5.0).compute_probability(np.array([0.5])).tolist()
            [0.5]
        """
        return 1 / (1 + np.exp(-(self.slope * likeness + self.offset)))


def fit_calibration(pairs: Pairs) -> Calibration:
    """Returns the calibration that fits pairs best, those of one patient and of two weighing the same in total.

    Args:
        pairs: Pairs of images that the network has not learned from, of both kinds.

    Source: Platt 1999, "Probabilistic Outputs for Support Vector Machines", sect. 2.
    """
    from sklearn.linear_model import LogisticRegression

    weights = np.where(pairs.same, pairs.weights / pairs.weights[pairs.same].sum(), 0.0)
    weights += np.where(pairs.same, 0.0, pairs.weights / pairs.weights[~pairs.same].sum())
    model = LogisticRegression(C=1e6)
    model.fit(pairs.likeness[:, None], pairs.same, sample_weight=weights * len(weights))
    return Calibration(float(model.coef_[0, 0]), float(model.intercept_[0]))
