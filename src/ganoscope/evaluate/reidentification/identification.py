"""Whether synthetic images show training patients: p-values, calls, hits of patients, and what would have been called.

Two tests share a level of 5 %: images are called by the rule of Benjamini and Hochberg at one half of it, and training
patients where they are hit more often than held-out ones, at the other.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from ganoscope.evaluate.reidentification.matched_pairs import find_thresholds, pass_thresholds
from ganoscope.evaluate.reidentification.nearest_patient import (
    Embedded,
    Evidence,
    Floats,
    Hits,
    count_fewest,
    count_hits,
    estimate_rate,
    find_nearest,
    find_nearest_of_patients,
    weigh_images,
    weigh_likeness,
)
from ganoscope.statistics.bootstrap import estimate_mean
from ganoscope.statistics.estimate import Estimate

LEVEL = 0.05
"""Share of clean generators that may be called."""
HIT_SHARE = 0.05
"""Share of all patients that counts as hit."""


@dataclass(frozen=True)
class Power:
    """Shares of images of training patients that would have been called.

    Attributes:
        altered: Of altered copies of training images.
        other_films: Of other images of training patients who have several; None where none has.
    """

    altered: Estimate
    other_films: Estimate | None


@dataclass(frozen=True)
class Findings:
    """What was found.

    Attributes:
        evidence: Likeness and p-values of each synthetic image.
        called: Which images show an identifiable training patient, shape (N,).
        alike: Share of images beyond the threshold from pairs of different patients, matched by class and view.
        alike_held_out: The same share of images of held-out patients.
        hits: Training and held-out patients that are hit.
        power: What would have been called.
        fewest: Images of smallest p-value that are called at the least.
    """

    evidence: Evidence
    called: NDArray[np.bool_]
    alike: Estimate
    alike_held_out: Estimate
    hits: Hits
    power: Power
    fewest: int

    @property
    def leaks(self) -> bool:
        """Whether a leak is shown."""
        return bool(self.called.any()) or self.hits.p_value <= LEVEL / 2


def identify(
    synthetic: Floats, classes: NDArray[np.str_] | None, members: Embedded, held_out: Embedded, altered: Floats
) -> Findings:
    """Returns whether synthetic images show training patients.

    Args:
        synthetic: Embeddings of the synthetic images, unit length, shape (N, D).
        classes: Class of each, shape (N,); None where it is not known.
        members: Training images.
        held_out: Images of other patients.
        altered: Embeddings of altered copies of training images, shape (K, D).

    Source: Benjamini, Hochberg 1995, https://doi.org/10.1111/j.2517-6161.1995.tb02031.x
    """
    evidence = weigh_images(synthetic, members, held_out)
    patients = len(np.unique(held_out.groups))
    thresholds = find_thresholds(members, held_out)
    of_members, of_others = (find_nearest_of_patients(synthetic, real) for real in (members, held_out))
    alike = pass_thresholds(synthetic, members, thresholds, classes)
    others = pass_thresholds(held_out.embeddings, members, thresholds, held_out.classes)
    return Findings(
        evidence,
        np.asarray(false_discovery_control(evidence.p_values) <= LEVEL / 2),
        estimate_rate(int(alike.sum()), len(alike)),
        estimate_mean(others.astype(np.float64), held_out.groups.tolist()),
        count_hits(of_members, of_others, HIT_SHARE),
        measure_power(members, held_out, altered),
        count_fewest(1 / (patients + 1), len(synthetic), LEVEL / 2),
    )


def measure_power(members: Embedded, held_out: Embedded, altered: Floats) -> Power:
    """Returns the share of images of training patients that reach the smallest p-value; arguments as in `identify`.

    Another film is looked for among the remaining films of its patient, and those of all others.
    """
    smallest = 1 / (len(np.unique(held_out.groups)) + 1)
    reached = weigh_images(altered, members, held_out).p_values <= smallest * (1 + 1e-9)
    copies = estimate_rate(int(reached.sum()), len(reached))
    _, member, counts = np.unique(members.groups, return_inverse=True, return_counts=True)
    several = np.flatnonzero(counts[member] > 1)
    if not len(several):
        return Power(copies, None)
    films = weigh_other_films(several, members, held_out) <= smallest * (1 + 1e-9)
    return Power(copies, estimate_mean(films.astype(np.float64), members.groups[several].tolist()))


def weigh_other_films(positions: NDArray[np.int64], members: Embedded, held_out: Embedded) -> Floats:
    """Returns the p-values of training images as if they were synthetic, compared with all but themselves, shape (K,).

    Args:
        positions: Positions of the images among the training images, shape (K,).
        members: Training images.
        held_out: Images of other patients.
    """
    everyone = replace(members, groups=np.arange(len(members.groups)))  # each a group of its own
    queries = members.embeddings[positions]
    nearest = find_nearest(queries, everyone, positions)
    null = find_nearest(held_out.embeddings, members)
    return weigh_likeness(queries, nearest, null, held_out)
