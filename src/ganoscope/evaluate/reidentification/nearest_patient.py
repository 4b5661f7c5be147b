"""Nearest training patient of each synthetic image, beside what images of other patients reach.

Likeness alone is no evidence: an image that many patients resemble has a very similar one among any set of patients,
and a generator of typical images makes just such ones. What counts is how much nearer the nearest training patient is
than the nearest of all others, as in the search for matching points of two photographs.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.seeds import Stream, stream

Floats = NDArray[np.float64]
Hidden = Callable[[slice], NDArray[np.bool_]]
"""From rows to the images of a gallery that these are not compared with, shape (rows, M + H)."""
SMALLEST_ANGLE = 1e-3
"""Angle in radians below which two images are the same."""
OTHERS = 5
"""Nearest other patients that the nearest training patient is compared with."""
BLOCK_VALUES = 10_000_000
"""Pairs whose likeness is in memory at once, at most."""


@dataclass(frozen=True)
class Embedded:
    """Real images as a metric network sees them.

    Attributes:
        embeddings: Unit length, shape (N, D).
        groups: Patient or near-duplicate cluster of each, shape (N,).
        classes: Class of each, shape (N,).
        views: View of each, shape (N,); "" where it is not known. Pairs are matched by class and view.
        named: Whether the patient of each is known, shape (N,); its group is a cluster of near-duplicates otherwise.
    """

    embeddings: Floats
    groups: NDArray[Any]
    classes: NDArray[np.str_]
    views: NDArray[np.str_]
    named: NDArray[np.bool_]

    @property
    def kinds(self) -> NDArray[np.str_]:
        """Class and view of each image in one word, shape (N,)."""
        pairs = zip(self.classes.tolist(), self.views.tolist(), strict=True)
        return np.array([f"{name} | {view}" for name, view in pairs], np.str_)


class Gallery:
    """All training and held-out patients, sorted such that the images of each lie side by side.

    Attributes:
        members: Number of training images.
        member_patients: Number of training patients.
        embeddings: Embeddings of training images, then of held-out ones, shape (M + H, D).
        patients: Number of each image's patient, first those of the training patients, shape (M + H,).
        standing: Position of the image that stands for each patient, chosen at random, shape (patients,).
    """

    def __init__(self, members: Embedded, held_out: Embedded, seed: int = 0) -> None:
        first, second = (np.unique(each.groups, return_inverse=True)[1] for each in (members, held_out))
        self.members, self.member_patients = len(first), int(first.max()) + 1
        self.embeddings = np.concatenate([members.embeddings, held_out.embeddings])
        self.patients = np.concatenate([first, second + self.member_patients])
        order = stream(seed, Stream.NULL_IMAGES, 1).permutation(len(self.patients))
        self.standing = order[np.unique(self.patients[order], return_index=True)[1]]
        self._order = np.argsort(self.patients, kind="stable")
        self._starts = np.flatnonzero(np.diff(self.patients[self._order], prepend=-1))

    def find_highest(self, likeness: Floats) -> Floats:
        """Returns the greatest likeness to each patient, shape (N, patients), from that to each image (N, M + H)."""
        return np.asarray(np.maximum.reduceat(likeness[:, self._order], self._starts, axis=1))


@dataclass(frozen=True)
class Nearest:
    """Nearest training patient of each image.

    Attributes:
        position: Position of its nearest image among the training images, shape (N,).
        likeness: Cosine of both embeddings, shape (N,).
        distinctness: log(b / a), a the angle between both embeddings, and b the mean angle to the five nearest other
            patients, shape (N,): about 0 where the nearest is one of many, above 5 for the very same image.
    """

    position: NDArray[np.int64]
    likeness: Floats
    distinctness: Floats


def compare_in_blocks(first: Floats, second: Floats) -> Iterator[tuple[slice, Floats]]:
    """Yields (rows, likeness of these images of the first set to all of the second, shape (rows, M))."""
    block = max(1, BLOCK_VALUES // len(second))
    for start in range(0, len(first), block):
        rows = slice(start, min(start + block, len(first)))
        yield rows, first[rows] @ second.T


def find_nearest(embeddings: Floats, gallery: Gallery, hidden: Hidden | None = None) -> Nearest:
    """Returns the nearest training patient of each image.

    Where neighbours are at random, the share of ratios a / b below r falls like a power of r, so that the logarithm has
    an exponential tail.

    Args:
        embeddings: Unit length, shape (N, D).
        gallery: Training and held-out images.
        hidden: Which images of the gallery are not compared with those in some rows; None where all are.

    Source: ratio of the distances to the nearest and the next: Lowe 2004, sect. 7.1,
        https://doi.org/10.1023/B:VISI.0000029664.99615.94
    """
    blocks = []
    for rows, likeness in compare_in_blocks(embeddings, gallery.embeddings):
        if hidden is not None:
            likeness[hidden(rows)] = -1.0
        blocks.append(compare_with_others(likeness, gallery))
    return Nearest(*(np.concatenate(parts) for parts in zip(*blocks, strict=True)))


def compare_with_others(likeness: Floats, gallery: Gallery) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Returns (position, likeness, distinctness) of the nearest training patient, from likeness (N, M + H)."""
    position = likeness[:, : gallery.members].argmax(axis=1)
    every = np.arange(len(likeness))
    highest = gallery.find_highest(likeness)
    highest[every, gallery.patients[position]] = -1.0
    count = min(OTHERS, highest.shape[1] - 1)
    others = np.partition(highest, -count, axis=1)[:, -count:]
    nearest = likeness[every, position]
    angle, around = (np.arccos(np.minimum(np.maximum(each, -1.0), 1.0)) for each in (nearest, others))
    angle, around = np.maximum(angle, SMALLEST_ANGLE), np.maximum(around.mean(axis=1), SMALLEST_ANGLE)
    return position, nearest, np.log(around / angle)


def compare_with_patients(embeddings: Floats, gallery: Gallery, hidden: Hidden | None = None) -> Floats:
    """Returns the likeness of each image to the image that stands for each patient, shape (N, M + H).

    Args:
        embeddings: Unit length, shape (N, D).
        gallery: Training and held-out images.
        hidden: Which images of the gallery are not compared with those in some rows; None where all are.
    """
    likeness = embeddings @ gallery.embeddings[gallery.standing].T
    if hidden is not None:
        likeness[hidden(slice(0, len(embeddings)))[:, gallery.standing]] = -1.0
    return np.asarray(likeness)


def find_nearest_of_patients(embeddings: Floats, gallery: Gallery) -> tuple[Floats, Floats]:
    """Returns the greatest likeness of any image to each training, and to each held-out patient, shapes (M,), (H,).

    One image stands for each patient: a patient of many images would be hit more often.
    """
    standing = gallery.embeddings[gallery.standing]
    highest = np.full(len(standing), -1.0)
    for _, likeness in compare_in_blocks(embeddings, standing):
        np.maximum(highest, likeness.max(axis=0), out=highest)
    return highest[: gallery.member_patients], highest[gallery.member_patients :]
