"""Calibration of a classifier's probabilities: reliability, and the temperature that improves it."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from ganoscope.clipping import clip

BINS = 15
FOLDS = 5
"""Parts of the validation patients: the temperature of the others is tried on each."""
LOWEST, HIGHEST = 0.05, 20.0
"""Limits of the temperature: beyond them a split has hardly any errors, or hardly anything else."""


def fit_temperature(logits: NDArray[np.floating], codes: NDArray[np.int64]) -> float:
    r"""Returns the temperature T that minimises the cross-entropy of softmax(z / T), by L-BFGS on log T.

    .. math:: T = argmin_T  - \sum_i \log softmax(z_i / T)_{y_i}

    Args:
        logits: Logits z of the validation split, shape (N, K).
        codes: Labels y, shape (N,), in [0, K).

    Returns:
        T, between 0.05 and 20; 1, which changes nothing, where no image is misclassified: the cross-entropy then falls
        without end as T falls.

    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", sect. 4.2, https://arxiv.org/abs/1706.04599
    Differs: the logarithm of T is optimised, so that T stays positive.
    """
    z, y = torch.from_numpy(np.asarray(logits, np.float64)), torch.from_numpy(codes)
    if bool((z.argmax(1) == y).all()):
        return 1.0
    log_temperature = torch.zeros((), dtype=torch.float64, requires_grad=True)
    limits = math.log(LOWEST), math.log(HIGHEST)
    optimizer = torch.optim.LBFGS([log_temperature], max_iter=100, line_search_fn="strong_wolfe")

    def compute_loss() -> torch.Tensor:
        """Returns the mean cross-entropy at the current temperature, shape ()."""
        optimizer.zero_grad()
        loss = F.cross_entropy(z / clip(log_temperature, *limits).exp(), y)
        loss.backward()
        return loss

    optimizer.step(compute_loss)
    return float(log_temperature.detach().clamp(*limits).exp())


@dataclass(frozen=True)
class Temperature:
    """The temperature that is used, and how it did on patients that it was not fitted on.

    Attributes:
        value: The fitted temperature where it makes probabilities better on other patients, else 1.
        fitted: The temperature that was fitted on the whole validation split.
        loss: Cross-entropy on validation patients that it was not fitted on; NaN with fewer than two patients.
        plain_loss: The same at temperature 1.
        groups: Number of patients or clusters of the validation split.
    """

    value: float
    fitted: float
    loss: float = math.nan
    plain_loss: float = math.nan
    groups: int = 0


def choose_temperature(logits: NDArray[np.floating], codes: NDArray[np.int64], groups: NDArray[np.str_]) -> Temperature:
    """Returns the fitted temperature where it helps on validation patients that it was not fitted on, else 1.

    Patients are dealt out to five folds; each fold is scored with the temperature of the others.

    Args:
        logits: Logits of the validation split, shape (N, K).
        codes: Label codes, shape (N,).
        groups: Patient or cluster of each image, shape (N,).
    """
    fitted = fit_temperature(logits, codes)
    names, member = np.unique(groups, return_inverse=True)
    folds = min(FOLDS, len(names))
    if folds < 2:
        return Temperature(1.0, fitted, groups=len(names))
    scaled = np.empty(logits.shape)
    for fold in range(folds):
        held_out = member % folds == fold
        scaled[held_out] = logits[held_out] / fit_temperature(logits[~held_out], codes[~held_out])
    loss, plain = (
        float(F.cross_entropy(torch.from_numpy(np.asarray(one, np.float64)), torch.from_numpy(codes)))
        for one in (scaled, logits)
    )
    return Temperature(fitted if loss < plain else 1.0, fitted, loss, plain, len(names))


def apply_temperature(logits: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Returns the probabilities softmax(z / T), shape (N, K), for logits z of the same shape.

    Example:
        >>> apply_temperature(np.array([[0.0, 2.0]]), 2.0).round(3).tolist()
        [[0.269, 0.731]]
    """
    scaled = np.asarray(logits, np.float64) / temperature
    scaled = np.exp(scaled - scaled.max(1, keepdims=True))
    return scaled / scaled.sum(1, keepdims=True)


@dataclass(frozen=True)
class Reliability:
    """Accuracy of predictions by their confidence; a bin without images holds NaN.

    Attributes:
        confidence: Mean probability of the predicted class in each bin, shape (BINS,).
        accuracy: Share of correct predictions in each bin, same shape.
        counts: Number of images in each bin, same shape.
    """

    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    counts: NDArray[np.int64]

    @property
    def error(self) -> float:
        """Expected calibration error: mean absolute difference of accuracy and confidence, weighted by the counts."""
        return float(np.nansum(self.counts * np.abs(self.accuracy - self.confidence)) / self.counts.sum())


def compute_reliability(probabilities: NDArray[np.float64], codes: NDArray[np.int64]) -> Reliability:
    """Returns confidence and accuracy in 15 bins of equal width.

    Args:
        probabilities: Class probabilities, shape (N, K), N of 1 or more.
        codes: Label codes, shape (N,).

    Source: Guo et al. 2017, eq. 2 to 5, https://arxiv.org/abs/1706.04599; Naeini et al. 2015
    """
    confidence, right = probabilities.max(1), probabilities.argmax(1) == codes
    places = find_bins(confidence)
    counts = np.bincount(places, minlength=BINS)
    with np.errstate(invalid="ignore"):
        means = [np.bincount(places, values, BINS) / counts for values in (confidence, right)]
    return Reliability(means[0], means[1], counts)


def find_bins(confidence: NDArray[np.float64]) -> NDArray[np.int64]:
    """Returns the bin of each confidence, shape (N,): bin m holds (m / 15, (m + 1) / 15], the first also 0.

    Example:
        >>> find_bins(np.array([0.0, 0.5, 1.0])).tolist()
        [0, 7, 14]
    """
    return np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
