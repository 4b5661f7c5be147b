"""Do the marked pixels matter? They are blurred, or restored, in the order of the map, and the score recorded.

Deletion: the pixels with the highest values are replaced by a blurred copy of the image first; if they matter, the
score falls early, so a **lower** area under the curve is better. Insertion: the same pixels are restored in the blurred
image first; a **higher** area is better. The measure of both is the difference to a random map of the same values and
smoothness: the map itself, shifted and mirrored at random.

Source: Petsiuk, Das, Saenko 2018, "RISE: Randomized Input Sampling for Explanation of Black-box Models", sect. 4.2,
    https://arxiv.org/abs/1806.07421
Differs: the score is the target itself (a logit), not a probability, which hardly moves when a network is sure; blur
    is the baseline in both directions, because a grey patch is unlike any image that the network has learned from.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch import nn

from ganoscope.contracts import Target
from ganoscope.explanation.checks.randomisation import displace
from ganoscope.explanation.targets import compute_scores
from ganoscope.seeds import Stream, stream
from ganoscope.statistics.bootstrap import estimate_mean
from ganoscope.statistics.estimate import Estimate

FRACTIONS = np.linspace(0.0, 1.0, 11)
"""Shares of pixels that are changed at the points of a curve."""
BLUR = 0.05
"""Standard deviation of the blur, relative to the picture's side: 3.2 pixels of 64."""

BETTER = {"deletion": "lower", "insertion": "higher"}
"""Which area under the curve is better."""


@dataclass(frozen=True)
class Curves:
    """Scores while pixels are deleted or inserted, per image.

    Attributes:
        kind: `deletion` or `insertion`.
        by_map: Scores at `FRACTIONS`, in the order of the map, shape (N, 11); NaN for empty maps.
        by_chance: The same in the order of random maps.
    """

    kind: str
    by_map: NDArray[np.float64]
    by_chance: NDArray[np.float64]


@dataclass(frozen=True)
class CurveSummary:
    """Areas under the curves over one set, in units of score, with intervals.

    Attributes:
        better: Whether a `lower` or a `higher` area is better.
        by_map: In the order of the map.
        by_chance: In the order of random maps.
        gain: How much better than chance, over pairs; above 0 is better for both kinds.
    """

    better: str
    by_map: Estimate
    by_chance: Estimate
    gain: Estimate


@dataclass(frozen=True)
class MeanCurves:
    """Mean scores over one set while pixels are deleted or inserted, with intervals.

    Attributes:
        kind: `deletion` or `insertion`.
        by_map: Mean score at each of `FRACTIONS`, in the order of the map.
        by_chance: The same in the order of random maps.
    """

    kind: str
    by_map: tuple[Estimate, ...]
    by_chance: tuple[Estimate, ...]


def compute_curves(
    network: nn.Module, images: NDArray[np.float32], maps: NDArray[np.float32], target: Target, seed: int
) -> tuple[Curves, Curves]:
    """Returns the deletion and the insertion curves.

    Args:
        network: The network that is explained; it is left unchanged.
        images: Shape (N, C, H, W), in network range.
        maps: Shape (N, H, W), 0 or above.
        target: From images to scores (B,).
        seed: Random seed of the random maps, and of the order among pixels of equal value.
    """
    blurred = blur(images)
    orders = [rank_pixels(maps, seed), rank_pixels(displace(maps, seed), seed)]
    curves = []
    for kind, start, end in (("deletion", images, blurred), ("insertion", blurred, images)):
        scores = [trace(network, start, end, order, target) for order in orders]
        for values in scores:
            values[maps.max((1, 2)) <= 0] = np.nan
        curves.append(Curves(kind, scores[0], scores[1]))
    return curves[0], curves[1]


def blur(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns images (N, C, H, W), blurred until their detail is gone."""
    sigma = BLUR * min(images.shape[-2:])
    return np.asarray(gaussian_filter(images, (0, 0, sigma, sigma), mode="nearest"), np.float32)


def rank_pixels(maps: NDArray[np.floating], seed: int) -> NDArray[np.float32]:
    """Returns each pixel's rank as a share, shape (B, H, W): near 0 for the highest value, near 1 for the lowest.

    Pixels of equal value, such as zeros, are in random order, not from top to bottom.

    Example:
        >>> rank_pixels(np.array([[[1.0, 4.0], [3.0, 2.0]]]), seed=0).tolist()
        [[[0.875, 0.125], [0.375, 0.625]]]
    """
    flat = maps.reshape(len(maps), -1)
    ties = stream(seed, Stream.DELETION_TIES).random(flat.shape)
    order = np.lexsort((ties, -flat), axis=1)
    places = np.empty(flat.shape, np.float32)
    np.put_along_axis(places, order, ((np.arange(flat.shape[1]) + 0.5) / flat.shape[1])[None], axis=1)
    return places.reshape(maps.shape)


def trace(
    network: nn.Module,
    start: NDArray[np.float32],
    end: NDArray[np.float32],
    places: NDArray[np.float32],
    target: Target,
) -> NDArray[np.float64]:
    """Returns the scores, shape (N, 11), while `start` turns into `end`, pixel by pixel in the order of `places`.

    Args:
        network: The network that is explained.
        start: Images, shape (N, C, H, W), network range.
        end: Images, same shape.
        places: Place of every pixel in the order, 0 to 1, shape (N, H, W).
        target: From images to scores (B,).
    """
    scores = []
    for fraction in FRACTIONS:
        mixed = np.where(places[:, None] < fraction, end, start)
        scores.append(compute_scores(network, torch.from_numpy(mixed), target).double().numpy())
    return np.stack(scores, axis=1)


def compute_area(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the area under each curve, shape (N,), by the trapezoidal rule: the mean score along the way.

    Example:
        >>> compute_area(np.linspace(0.0, 1.0, 11)[None]).round(6).tolist()
        [0.5]
    """
    return np.asarray(np.trapezoid(scores, FRACTIONS, axis=1))


def summarise(curves: Curves, groups: list[str], seed: int) -> CurveSummary:
    """Returns the areas under the curves of a set, with intervals over its groups.

    Args:
        curves: Curves of every image.
        groups: Group of every image.
        seed: Random seed of the bootstrap.
    """
    by_map, by_chance = compute_area(curves.by_map), compute_area(curves.by_chance)
    gain = by_chance - by_map if curves.kind == "deletion" else by_map - by_chance
    estimates = [estimate_mean(values, groups, seed) for values in (by_map, by_chance, gain)]
    return CurveSummary(BETTER[curves.kind], *estimates)


def average(curves: Curves, groups: list[str]) -> MeanCurves:
    """Returns the mean curves over a set, with intervals over its groups at every point."""
    by_map, by_chance = (
        tuple(estimate_mean(column, groups) for column in scores.T) for scores in (curves.by_map, curves.by_chance)
    )
    return MeanCurves(curves.kind, by_map, by_chance)
