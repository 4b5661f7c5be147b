"""Predictions of a classifier as a change grows, and whether its most probable class becomes the target."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ganoscope.classifiers.trained import TrainedClassifier


@dataclass(frozen=True)
class Answers:
    """Predictions of a classifier for a batch.

    Attributes:
        codes: Its code of each image's target class, shape (B,).
        curve: Probability of the target class at each strength, shape (B, S).
        said: Whether the target class is the most probable one, at each strength, shape (B, S), bool.
    """

    codes: NDArray[np.int64]
    curve: NDArray[np.float64]
    said: NDArray[np.bool_]

    @property
    def known(self) -> bool:
        """Whether there is a classifier."""
        return bool(np.isfinite(self.curve).all())


def ask(
    classifier: TrainedClassifier | None,
    image: Tensor,
    change: Tensor,
    target: NDArray[np.str_],
    strengths: NDArray[np.float64],
) -> Answers:
    """Returns the predictions of a classifier for x + s (G(x) - x); NaN without a classifier.

    Args:
        classifier: The classifier.
        image: x, in [-1, 1], shape (B, 1, H, W).
        change: G(x) - x, same shape.
        target: Name of the target class of each image, shape (B,).
        strengths: s, from 0 to 1, shape (S,).
    """
    shape = (len(target), len(strengths))
    if classifier is None:
        return Answers(np.zeros(shape[0], np.int64), np.full(shape, np.nan), np.zeros(shape, bool))
    codes = np.array([classifier.record.classes.index(name) for name in target.tolist()])
    said = [ask_once(classifier, image + strength * change, codes) for strength in strengths.tolist()]
    return Answers(codes, np.stack([one[0] for one in said], 1), np.stack([one[1] for one in said], 1))


def ask_once(
    classifier: TrainedClassifier, image: Tensor, codes: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Returns (probability of each image's class code, whether that class is the most probable one), shape (B,) each.

    Args:
        classifier: The classifier.
        image: In [-1, 1], shape (B, 1, H, W).
        codes: Class codes, shape (B,).
    """
    probabilities: NDArray[np.float64] = classifier.compute_probabilities(image).double().cpu().numpy()
    return probabilities[np.arange(len(codes)), codes], probabilities.argmax(axis=1) == codes


def describe_answers(answers: Answers, prefix: str, strengths: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Returns probabilities before and after, flips, and the strengths that they need; nothing without a classifier.

    Args:
        answers: Predictions of one classifier.
        prefix: Prefix of the measures' names.
        strengths: Strengths that were tried, shape (S,).
    """
    if not answers.known:
        return {}
    return {
        f"{prefix}probability_before": answers.curve[:, 0],
        f"{prefix}probability_after": answers.curve[:, -1],
        f"{prefix}flip": count_flips(answers, answers.said[:, -1]),
        f"{prefix}flip_strength": find_flip_strength(answers, strengths),
    }


def count_flips(answers: Answers, after: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Returns 1 where the target is predicted after a change, 0 where not, NaN where it was before, shape (B,)."""
    return np.where(answers.said[:, 0], np.nan, after.astype(np.float64))


def find_flip_strength(answers: Answers, strengths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the smallest strength from which on the target stays predicted; NaN without a flip, shape (B,)."""
    lasting = np.flip(np.minimum.accumulate(np.flip(answers.said, 1), axis=1), 1)
    return np.where(lasting[:, -1] & ~answers.said[:, 0], strengths[lasting.argmax(axis=1)], np.nan)
