"""A patient's class, such as a diagnosis, inferred from the synthetic images that are most similar to an image of them.

That it can be inferred at all is what labelled images are for: a classifier does the same on any patient. What counts
is whether it is inferred better for training patients than for held-out ones. Training patients may be easier by
themselves: so the class is also inferred from real images of other patients, which have kept nothing of anybody else.

Source: attribute inference beside a baseline of other people: Stadler et al. 2022, "Synthetic Data - Anonymisation
    Groundhog Day", sect. 5, https://arxiv.org/abs/2011.07018
Differs: nearest synthetic images in features of images, not a regression on columns of a table.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.seeds import Stream, stream
from ganoscope.statistics.bootstrap import count_draws
from ganoscope.statistics.estimate import Estimate, make_estimate

Floats = NDArray[np.float64]
Right = NDArray[np.bool_] | NDArray[np.int64]
"""Whether the inferred class of each image is the true one; or by how much it is so more often than by another way."""
NEIGHBOURS = 5
"""Synthetic images that vote, each with the inverse of its distance."""
RESAMPLES = 1000
BLOCK_VALUES = 10_000_000
"""Distances in memory at once, at most."""


def infer_classes(
    images: Floats,
    references: Floats,
    codes: NDArray[np.int64],
    patients: tuple[NDArray[Any], NDArray[Any]] | None = None,
) -> NDArray[np.int64]:
    """Returns the class that the nearest reference images vote for, shape (N,).

    Args:
        images: Features of real images, shape (N, C).
        references: Features of the images with known classes, shape (M, C).
        codes: Class of each of these, 0 to K - 1, shape (M,).
        patients: Patients of the images, shape (N,), and of the references, shape (M,): nobody's class is inferred from
            images of their own. None where references are of no patient.
    """
    count, nearest = int(codes.max()) + 1, min(NEIGHBOURS, len(references))
    squares = (references**2).sum(axis=1)
    block = max(1, BLOCK_VALUES // len(references))
    inferred = []
    for start in range(0, len(images), block):
        some = images[start : start + block]
        distances = np.maximum((some**2).sum(axis=1)[:, None] + squares - 2 * some @ references.T, 0.0)
        if patients is not None:
            distances[patients[0][start : start + block, None] == patients[1]] = np.inf
        places = np.argpartition(distances, nearest - 1, axis=1)[:, :nearest]
        weights = 1 / np.sqrt(np.take_along_axis(distances, places, axis=1) + 1e-12)
        votes = np.stack([(weights * (codes[places] == code)).sum(axis=1) for code in range(count)], axis=1)
        inferred.append(votes.argmax(axis=1))
    return np.concatenate(inferred)


def average_over_classes(right: Right, codes: NDArray[np.int64], weights: Floats) -> Floats:
    """Returns the share of images that are right, averaged over the classes, for each row of weights, shape (R,).

    Args:
        right: Whether the inferred class is the true one, shape (N,).
        codes: True class of each image, shape (N,).
        weights: How often each resample holds each image, shape (R, N); a class that it lacks is left out.
    """
    shares = []
    for code in np.unique(codes):
        part = weights[:, codes == code]
        totals = part.sum(axis=1)
        shares.append(np.divide(part @ right[codes == code], totals, out=np.full(len(part), np.nan), where=totals > 0))
    with np.errstate(invalid="ignore"):
        return np.asarray(np.nanmean(np.stack(shares, axis=1), axis=1))


def resample_accuracy(
    right: Right, codes: NDArray[np.int64], groups: NDArray[Any], seed: int, number: int
) -> tuple[float, Floats, int]:
    """Returns (accuracy averaged over classes, the same of each resample of patients, number of patients).

    Args:
        right: Whether the inferred class is the true one, shape (N,).
        codes: True class of each image, shape (N,).
        groups: Patient of each image, shape (N,).
        seed: Seed of the resampling.
        number: Number of the set: sets are resampled apart from each other.
    """
    names, member = np.unique(groups, return_inverse=True)
    random = stream(seed, Stream.INFERRED_CLASSES, number)
    block = max(1, BLOCK_VALUES // len(right))
    resampled = [
        average_over_classes(
            right, codes, count_draws(len(names), random, min(block, RESAMPLES - start))[:, member].astype(np.float64)
        )
        for start in range(0, RESAMPLES, block)
    ]
    value = float(average_over_classes(right, codes, np.ones((1, len(right))))[0])
    return value, np.concatenate(resampled), len(names)


def estimate_accuracies(
    members: tuple[Right, NDArray[np.int64], NDArray[Any]],
    held_out: tuple[Right, NDArray[np.int64], NDArray[Any]],
    seed: int,
) -> tuple[Estimate, Estimate, Estimate]:
    """Returns the accuracy for training images, for held-out images, and their difference.

    Args:
        members: Whether the inferred class is right, true class and patient of each training image, shape (N,) each.
        held_out: The same of held-out images.
        seed: Seed of the resampling.
    """
    (first, drawn, patients), (second, others, strangers) = (
        resample_accuracy(*each, seed, number) for number, each in enumerate((members, held_out))
    )
    one, other = len(members[0]), len(held_out[0])
    return (
        make_estimate(first, drawn, one, patients),
        make_estimate(second, others, other, strangers),
        make_estimate(first - second, drawn - others, one + other, patients + strangers),
    )
