"""Which synthetic images and training patients are called, and how often planted images would have been.

Two tests share a level of 5%, so that at most one in twenty generators that have kept no patient is called: images are
called by the rule of Benjamini and Hochberg at one half of it, and training patients, at the other half, where they are
hit more often than held-out ones.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.evaluate.reidentification.nearest_patient import Floats
from ganoscope.evaluate.reidentification.patient_hits import Hits, count_hits, estimate_rate
from ganoscope.seeds import Stream, stream
from ganoscope.statistics.estimate import Estimate
from ganoscope.statistics.rare_events.false_discoveries import adjust_benjamini_hochberg
from ganoscope.statistics.rare_events.tail_fit import compute_rank_p, fit_tail

LEVEL = 0.05
"""Share of generators without a leak that may be called."""
HIT_SHARE = 0.2
"""Share of all patients that counts as hit: on phantoms, 0.05 to 0.3 find about as many leaks, and 0.2 most."""
FEWEST_FITTED = 40
"""Held-out patients that a tail is fitted to, at least; with fewer, the p-value is a rank."""
DRAWS = 100
"""Sets of planted images that the power is measured with."""


def make_null(values: Floats, groups: NDArray[Any], seed: int) -> Callable[[Floats], Floats]:
    """Returns the function from values to p-values, shape (N,) both, among those of held-out images.

    One image of each patient is taken at random: those of one patient are not independent.

    Args:
        values: Distinctness of held-out images, shape (H,).
        groups: Patient of each, shape (H,).
        seed: Seed of the choice.
    """
    order = stream(seed, Stream.NULL_IMAGES).permutation(len(values))
    null = np.sort(values[order[np.unique(groups[order], return_index=True)[1]]])
    if len(null) < FEWEST_FITTED:
        return partial(compute_rank_p, null)
    return fit_tail(null).compute_p


@dataclass(frozen=True)
class Scored:
    """Images as both tests see them.

    Attributes:
        p_values: P-value of each image, shape (N,).
        members: Likeness to each training patient, shape (N, M), or the greatest of any image, shape (1, M).
        held_out: The same of held-out patients, shape (N, H) or (1, H).
    """

    p_values: Floats
    members: Floats
    held_out: Floats


@dataclass(frozen=True)
class Calls:
    """What both tests say.

    Attributes:
        called: Which images show an identifiable training patient, shape (N,).
        hits: Training and held-out patients that are hit.
    """

    called: NDArray[np.bool_]
    hits: Hits

    @property
    def too_many_hits(self) -> bool:
        """Whether training patients are hit more often than chance explains."""
        return self.hits.p_value <= LEVEL / 2

    @property
    def leaks(self) -> bool:
        """Whether a leak is shown."""
        return bool(self.called.any()) or self.too_many_hits


def call(images: Scored) -> Calls:
    """Returns which images and patients are called.

    Source: Benjamini, Hochberg 1995, https://doi.org/10.1111/j.2517-6161.1995.tb02031.x
    """
    called = adjust_benjamini_hochberg(images.p_values) <= LEVEL / 2
    hits = count_hits(images.members.max(axis=0), images.held_out.max(axis=0), HIT_SHARE)
    return Calls(np.asarray(called), hits)


def measure_power(images: Scored, planted: Scored, share: float, seed: int) -> Estimate:
    """Returns how often a leak is shown once planted images are added, over `DRAWS` sets of them.

    Args:
        images: The images under audit, in which no leak is shown.
        planted: Images that should be called, shape (K,); a set is drawn from them without replacement.
        share: Size of a set, as a share of the images under audit; all K where there are fewer.
        seed: Seed of the draws.
    """
    count = min(max(1, round(share * len(images.p_values))), len(planted.p_values))
    random = stream(seed, Stream.PLANTED_IMAGES)
    clean = [images.members.max(axis=0, keepdims=True), images.held_out.max(axis=0, keepdims=True)]
    shown = 0
    for _ in range(DRAWS):
        drawn = random.choice(len(planted.p_values), count, replace=False)
        both = [
            np.concatenate([own, more[drawn]])
            for own, more in zip(clean, (planted.members, planted.held_out), strict=True)
        ]
        shown += call(Scored(np.concatenate([images.p_values, planted.p_values[drawn]]), *both)).leaks
    return estimate_rate(shown, DRAWS)
