"""Nearest training patient of each synthetic image, beside what images of other patients reach.

An image is evidence only where it is more like a training patient than images of held-out patients ever are, in both of
two scores: its likeness to the nearest training image, and the excess of that over its likeness to the nearest held-out
image. A generator of typical images, near to everybody, has high likeness without excess.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.statistics.estimate import Estimate
from ganoscope.statistics.proportion import compute_wilson_interval

Floats = NDArray[np.float64]
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


@dataclass(frozen=True)
class Nearest:
    """Nearest real image of each image.

    Attributes:
        position: Its position among the real images, shape (N,).
        likeness: Cosine of both embeddings, shape (N,).
    """

    position: NDArray[np.int64]
    likeness: Floats


def compare_in_blocks(first: Floats, second: Floats) -> Iterator[tuple[slice, Floats]]:
    """Yields (rows, likeness of these images of the first set to all of the second, shape (rows, M))."""
    block = max(1, BLOCK_VALUES // len(second))
    for start in range(0, len(first), block):
        rows = slice(start, min(start + block, len(first)))
        yield rows, first[rows] @ second.T


def find_nearest(embeddings: Floats, real: Embedded, groups: NDArray[Any] | None = None) -> Nearest:
    """Returns the nearest real image of each image.

    Args:
        embeddings: Unit length, shape (N, D).
        real: Real images, M of 1 or more.
        groups: Group of each image, shape (N,): real images of the same group are left out, and the likeness is -1
            where no other is left. None leaves out none.
    """
    position, likeness = np.zeros(len(embeddings), np.int64), np.zeros(len(embeddings))
    for rows, values in compare_in_blocks(embeddings, real.embeddings):
        if groups is not None:
            values[groups[rows][:, None] == real.groups[None]] = -1.0
        position[rows] = values.argmax(axis=1)
        likeness[rows] = values.max(axis=1)
    return Nearest(position, likeness)


def find_nearest_of_patients(embeddings: Floats, real: Embedded) -> Floats:
    """Returns the greatest likeness of any image to any image of each patient, shape (patients,), in order of name."""
    highest = np.full(len(real.groups), -1.0)
    for _, values in compare_in_blocks(embeddings, real.embeddings):
        np.maximum(highest, values.max(axis=0), out=highest)
    names, member = np.unique(real.groups, return_inverse=True)
    result = np.full(len(names), -1.0)
    np.maximum.at(result, member, highest)
    return result


def rank_against(values: Floats, null: Floats, groups: NDArray[Any]) -> Floats:
    r"""Returns the p-value of each value among those of held-out images, where each patient counts once.

    .. math:: p_i = \frac{1 + \sum_j [v_j \ge v_i] / n_{g(j)}}{1 + G}

    over held-out images j, G the number of their patients, and n the images of a patient: the mean of the conformal
    p-values over all choices of one image per patient.

    Args:
        values: Of the images under test, shape (N,).
        null: Of held-out images, shape (H,).
        groups: Patient of each held-out image, shape (H,).

    Returns:
        Shape (N,), from 1 / (1 + G) to 1.

    Source: Bates et al. 2023, "Testing for Outliers with Conformal p-values", eq. 3, https://arxiv.org/abs/2104.08279
    """
    _, member, counts = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.argsort(null, kind="stable")
    above = np.concatenate([np.cumsum((1 / counts[member])[order][::-1])[::-1], [0.0]])
    return np.asarray((1 + above[np.searchsorted(null[order], values, side="left")]) / (1 + len(counts)))


@dataclass(frozen=True)
class Evidence:
    """Likeness of images to training patients, and p-values against held-out images.

    Attributes:
        nearest: Nearest training image of each image.
        p_values: P-value of each image, shape (N,), see `weigh_likeness`.
        null: Nearest training image of each held-out image.
    """

    nearest: Nearest
    p_values: Floats
    null: Nearest


def weigh_images(embeddings: Floats, members: Embedded, held_out: Embedded) -> Evidence:
    """Returns how far images point at training patients.

    Args:
        embeddings: Of the images, unit length, shape (N, D).
        members: Training images.
        held_out: Images of other patients; their own likeness leaves out their own patient.
    """
    nearest, null = find_nearest(embeddings, members), find_nearest(held_out.embeddings, members)
    return Evidence(nearest, weigh_likeness(embeddings, nearest, null, held_out), null)


def weigh_likeness(embeddings: Floats, nearest: Nearest, null: Nearest, held_out: Embedded) -> Floats:
    """Returns the larger one of the p-values of likeness and of excess, shape (N,).

    Args:
        embeddings: Of the images, unit length, shape (N, D).
        nearest: Their nearest training images.
        null: Nearest training image of each held-out image.
        held_out: Images of other patients.
    """
    excess = nearest.likeness - find_nearest(embeddings, held_out).likeness
    null_excess = null.likeness - find_nearest(held_out.embeddings, held_out, held_out.groups).likeness
    return np.maximum(
        rank_against(nearest.likeness, null.likeness, held_out.groups),
        rank_against(excess, null_excess, held_out.groups),
    )


def count_fewest(p_value: float, images: int, level: float) -> int:
    """Returns how many images, all of this p-value, the rule of Benjamini and Hochberg calls at the least.

    Args:
        p_value: Smallest p-value that can be reached.
        images: Number of images tested.
        level: Share of false calls among all calls.

    Example:
        >>> count_fewest(0.01, 1000, 0.05), count_fewest(1e-6, 1000, 0.05)
        (200, 1)
    """
    return max(1, int(np.ceil(round(p_value * images / level, 9))))


@dataclass(frozen=True)
class Hits:
    """Patients whom synthetic images hit: more alike than the likeness that most patients reach.

    Attributes:
        members: Training patients that are hit.
        member_patients: All training patients.
        held_out: Held-out patients that are hit.
        held_out_patients: All held-out patients.
        p_value: Probability of as many hits of training patients, if who was trained on made no difference.
    """

    members: int
    member_patients: int
    held_out: int
    held_out_patients: int
    p_value: float

    @property
    def member_rate(self) -> Estimate:
        """Share of training patients that are hit, with Wilson's interval."""
        return estimate_rate(self.members, self.member_patients)

    @property
    def held_out_rate(self) -> Estimate:
        """Share of held-out patients that are hit."""
        return estimate_rate(self.held_out, self.held_out_patients)


def estimate_rate(hit: int, count: int) -> Estimate:
    """Returns a share of independent patients or synthetic images, with Wilson's interval."""
    return Estimate(hit / count, *compute_wilson_interval(hit / count, count), count, count)


def count_hits(members: Floats, held_out: Floats, share: float) -> Hits:
    """Returns how often training and held-out patients are hit; the threshold is taken from all of them together.

    Exact under exchange of the patients (hypergeometric): no assumption on how images of a generator hang together.

    Args:
        members: Greatest likeness of any synthetic image to each training patient, shape (M,).
        held_out: The same of held-out patients, shape (H,).
        share: Share of all patients that counts as hit.

    Source: Fisher 1935, "The Design of Experiments", sect. 2.
    """
    from scipy.stats import hypergeom

    everyone = np.concatenate([members, held_out])
    threshold = np.sort(everyone)[::-1][max(1, round(share * len(everyone))) - 1]
    hit, other = int((members >= threshold).sum()), int((held_out >= threshold).sum())
    p_value = float(hypergeom.sf(hit - 1, len(everyone), len(members), hit + other))
    return Hits(hit, len(members), other, len(held_out), p_value)
