"""Whether synthetic images show training patients: p-values, calls, and how often a leak would have been shown."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.evaluate.reidentification.calls import Calls, Scored, call, make_null, measure_power
from ganoscope.evaluate.reidentification.matched_pairs import find_thresholds, pass_thresholds
from ganoscope.evaluate.reidentification.nearest_patient import (
    Embedded,
    Floats,
    Gallery,
    Hidden,
    Nearest,
    compare_with_patients,
    find_nearest,
    find_nearest_of_patients,
)
from ganoscope.evaluate.reidentification.patient_hits import estimate_rate
from ganoscope.seeds import Stream, stream
from ganoscope.statistics.bootstrap import estimate_mean
from ganoscope.statistics.estimate import Estimate

MOST_FILMS = 500
"""Films of training patients who have several that the power is measured with, at most."""
PLANTED_SHARES = (0.01, 0.05, 0.2)
"""Shares of all synthetic images that the power is measured for."""
Null = Callable[[Floats], Floats]
"""From distinctness to p-values."""
Powers = dict[str, dict[float, Estimate]]
"""How often a leak would be shown, by what is planted (`altered copies`, `other films`) and its share of all images."""


@dataclass(frozen=True)
class Findings:
    """What was found.

    Attributes:
        gallery: Training and held-out images.
        null: From distinctness to p-values.
        nearest: Nearest training patient of each synthetic image.
        scored: Synthetic images as both tests see them.
        calls: Images and patients that are called.
        alike: Share of images beyond the threshold from pairs of different patients, matched by class and view.
        alike_held_out: The same share of images of held-out patients.
    """

    gallery: Gallery
    null: Null
    nearest: Nearest
    scored: Scored
    calls: Calls
    alike: Estimate
    alike_held_out: Estimate


def identify(
    synthetic: Floats, classes: NDArray[np.str_] | None, members: Embedded, held_out: Embedded, seed: int
) -> Findings:
    """Returns whether synthetic images show training patients.

    Args:
        synthetic: Embeddings of the synthetic images, unit length, shape (N, D).
        classes: Class of each, shape (N,); None where it is not known.
        members: Training images.
        held_out: Images of other patients.
        seed: Seed of the choice of the image that stands for a patient.
    """
    gallery = Gallery(members, held_out, seed)
    strangers = gallery.patients[gallery.members :]
    own = find_nearest(held_out.embeddings, gallery, lambda rows: strangers[rows, None] == gallery.patients)
    null = make_null(own.distinctness, held_out.groups, seed)
    nearest = find_nearest(synthetic, gallery)
    of_members, of_others = find_nearest_of_patients(synthetic, gallery)
    scored = Scored(null(nearest.distinctness), of_members[None], of_others[None])
    thresholds = find_thresholds(members, held_out)
    alike = pass_thresholds(synthetic, members, thresholds, classes)
    others = pass_thresholds(held_out.embeddings, members, thresholds, held_out.classes)
    return Findings(
        gallery,
        null,
        nearest,
        scored,
        call(scored),
        estimate_rate(int(alike.sum()), len(alike)),
        estimate_mean(others.astype(np.float64), held_out.groups.tolist()),
    )


def measure_powers(findings: Findings, altered: Floats, members: Embedded, seed: int) -> Powers:
    """Returns how often a leak would be shown, by what is planted and by its share of all images.

    Args:
        findings: What was found, without a leak.
        altered: Embeddings of altered copies of training images, shape (K, D).
        members: Training images.
        seed: Seed of the choice of planted images.
    """
    planted = score_planted(altered, members, findings.gallery, findings.null, seed)
    return {
        name: {share: measure_power(findings.scored, images, share, seed) for share in PLANTED_SHARES}
        for name, images in planted.items()
    }


def score_planted(altered: Floats, members: Embedded, gallery: Gallery, null: Null, seed: int) -> dict[str, Scored]:
    """Returns images that should be called, as both tests see them.

    Another film is looked for among the remaining films of its patient, and those of all others.

    Args:
        altered: Embeddings of altered copies of training images, shape (K, D).
        members: Training images.
        gallery: Training and held-out images.
        null: From distinctness to p-values.
        seed: Seed of the choice of other films.
    """
    planted = {"altered copies": score(altered, gallery, null, None)}
    _, member, counts = np.unique(members.groups, return_inverse=True, return_counts=True)
    several = np.flatnonzero((counts[member] > 1) & members.named)
    if len(several):
        chosen = stream(seed, Stream.PLANTED_IMAGES, 1).permutation(several)[:MOST_FILMS]
        places = np.arange(len(gallery.patients))
        films = members.embeddings[chosen]
        planted["other films"] = score(films, gallery, null, lambda rows: chosen[rows, None] == places)
    return planted


def score(embeddings: Floats, gallery: Gallery, null: Null, hidden: Hidden | None) -> Scored:
    """Returns images as both tests see them.

    Args:
        embeddings: Unit length, shape (N, D).
        gallery: Training and held-out images.
        null: From distinctness to p-values.
        hidden: Which images of the gallery are not compared with those in some rows; None where all are.
    """
    distinctness = find_nearest(embeddings, gallery, hidden).distinctness
    likeness = compare_with_patients(embeddings, gallery, hidden)
    return Scored(null(distinctness), likeness[:, : gallery.member_patients], likeness[:, gallery.member_patients :])
