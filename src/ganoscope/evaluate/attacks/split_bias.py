"""Whether two sets of real images differ by themselves, before any attack is tried: a two-sample test.

A linear classifier on fixed features is trained to tell the sets apart, and tested on other patients. Where it can, the
sets were not drawn alike, and an attack may do no more than see that. The classifier is fitted in closed form, so that
every permutation of the patients' labels costs a product of matrices.

Source: classifier two-sample tests: Lopez-Paz, Oquab 2017, https://arxiv.org/abs/1610.06545; kernel ridge classifiers
    with permutations: Ojala, Garriga 2010, https://www.jmlr.org/papers/v11/ojala10a.html
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.seeds import Stream, stream

Floats = NDArray[np.float64]

FOLDS = 5
PERMUTATIONS = 499
PENALTY = 1.0
"""Ridge penalty per image, in units of the features' variance."""


@dataclass(frozen=True)
class SplitBias:
    """Result of the two-sample test.

    Attributes:
        scores: Score of each image from a classifier that has not seen its patient, shape (N,).
        folds: Fold of each image: scores are comparable within one, shape (N,).
        auroc: AUROC, averaged over folds.
        p: Share of permutations of the patients' labels with an AUROC as large.
    """

    scores: Floats
    folds: NDArray[np.int64]
    auroc: float
    p: float


def compare_real_sets(features: Floats, member: NDArray[np.bool_], groups: NDArray[np.int64], seed: int) -> SplitBias:
    """Returns whether members and non-members differ by themselves.

    Args:
        features: Fixed features of the real images, shape (N, C).
        member: Which are members, shape (N,); patients are on one side.
        groups: Patient of each, shape (N,).
        seed: Seed of folds and permutations.
    """
    names, places = np.unique(groups, return_inverse=True)
    folds = stream(seed, Stream.MEMBERSHIP_FOLDS).permutation(np.arange(len(names)) % FOLDS)[places]
    first = np.zeros(len(names))
    first[places] = member
    rng = stream(seed, Stream.MEMBERSHIP_LABELS)
    labels = np.column_stack([first, *(rng.permutation(first) for _ in range(PERMUTATIONS))])[places]
    scores = np.empty(labels.shape)
    for fold in range(FOLDS):
        inside = folds == fold
        scores[inside] = predict(features[~inside], labels[~inside], features[inside])
    auroc = average_auroc(scores, labels, folds)
    return SplitBias(scores[:, 0], folds, float(auroc[0]), float((auroc >= auroc[0]).mean()))


def predict(training: Floats, labels: Floats, tested: Floats) -> Floats:
    """Returns the predictions of ridge regressions for P label vectors at once, shape (n, P).

    Args:
        training: Features, shape (N, C).
        labels: Shape (N, P).
        tested: Features, shape (n, C).
    """
    mean, spread = training.mean(0), training.std(0)
    spread = np.where(spread > 1e-9, spread, 1)
    known, new = (training - mean) / spread, (tested - mean) / spread
    centred = labels - labels.mean(0)
    penalty = PENALTY * len(known) * np.eye(known.shape[1])
    predicted: Floats = new @ np.linalg.solve(known.T @ known + penalty, known.T @ centred)
    return predicted


def average_auroc(scores: Floats, labels: Floats, folds: NDArray[np.int64]) -> Floats:
    """Returns the AUROC of each column of scores, averaged over the folds that hold both sets, shape (P,).

    Args:
        scores: Shape (N, P).
        labels: 1 for members, else 0, shape (N, P).
        folds: Fold of each image, shape (N,).
    """
    total, counted = np.zeros(scores.shape[1]), np.zeros(scores.shape[1])
    for fold in np.unique(folds):
        inside = folds == fold
        ranks, chosen = rank_columns(scores[inside]), labels[inside]
        members = chosen.sum(0)
        pairs = members * (len(chosen) - members)
        wins = (ranks * chosen).sum(0) - members * (members + 1) / 2
        total += np.divide(wins, pairs, out=np.zeros_like(total), where=pairs > 0)
        counted += pairs > 0
    return np.divide(total, counted, out=np.full_like(total, 0.5), where=counted > 0)


def rank_columns(scores: Floats) -> Floats:
    """Returns the ranks of each column, 1 for the lowest, with mean ranks for ties, shape (n, P).

    Ties are broken once by their order and once against it; the mean of both is the mean rank.
    """
    forward = np.argsort(np.argsort(scores, axis=0, kind="stable"), axis=0)
    backward = np.argsort(np.argsort(scores[::-1], axis=0, kind="stable"), axis=0)[::-1]
    ranks: Floats = 1 + (forward + backward) / 2
    return ranks
