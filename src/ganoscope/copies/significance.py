"""Whether a resemblance means a copy: p values from held-out images, and which of many images count.

Held-out images of other patients are compared with the real ones in the same way, so their scores say what two
patients have in common by chance. Each image has two p values, and the smaller one is doubled: one of its best part,
and one of the whole, in which the whole and its best part count together where they agree on the real image: in
strangers they hardly ever do.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ganoscope.copies.candidate_members import Extent
from ganoscope.copies.matches import EXTENTS, Matches
from ganoscope.statistics.rare_events.false_discoveries import adjust_benjamini_hochberg
from ganoscope.statistics.rare_events.tail_fit import compute_rank_p, fit_tail

Floats = NDArray[np.float64]

FALSE_DISCOVERIES = 0.01
"""Share of the images called copies that may be none."""
MIN_CORRELATION = 0.5
"""Images whose bands correlate less with the real one, after alignment, never count as copies."""
FEWEST_HELD_OUT = 40
"""Fewest held-out images from which p values are computed."""
UNSURE_SHARE = 0.1
"""Share of held-out images of which only the number is used where patients are unknown: some may show a patient of the
real images."""


@dataclass(frozen=True)
class PValues:
    """How probable a resemblance like that of each of n images is by chance.

    Attributes:
        p: p value of each image, shape (n,).
        extent: Which comparison had the smaller p value, shape (n,): index into `matches.EXTENTS`.
        correlation: Absolute correlation with the real image in that comparison, shape (n,).
        rule: Where the p values come from: the rank among held-out images, or a fitted tail.
        shapes: Mean shape of the fitted tails of whole images and of parts; empty for ranks.
    """

    p: Floats
    extent: NDArray[np.int64]
    correlation: Floats
    rule: Literal["rank", "tail"]
    shapes: tuple[float, ...]


@dataclass(frozen=True)
class Significance:
    """What resemblance means for each of n images.

    Attributes:
        p: p value of each image, shape (n,).
        copies: Whether each counts as a copy, shape (n,).
        extent: Which comparison had the smaller p value, shape (n,): index into `matches.EXTENTS`.
        rule: Where the p values come from: the rank among held-out images, or a fitted tail.
        shapes: Mean shape of the fitted tails of whole images and of parts; empty for ranks.
    """

    p: Floats
    copies: NDArray[np.bool_]
    extent: NDArray[np.int64]
    rule: Literal["rank", "tail"]
    shapes: tuple[float, ...]


def judge(scores: dict[Extent, Matches], null: dict[Extent, Matches], patients_known: bool) -> Significance:
    """Returns which images are copies, so that few of those called copies are none.

    Args:
        scores: Matches of the images.
        null: Matches of held-out images, FEWEST_HELD_OUT or more.
        patients_known: Whether held-out images certainly show other patients.
    """
    found = compute_p(scores, null, patients_known, FALSE_DISCOVERIES / len(scores["whole"].score))
    copies = (adjust_benjamini_hochberg(found.p) <= FALSE_DISCOVERIES) & (found.correlation >= MIN_CORRELATION)
    return Significance(found.p, copies, found.extent, found.rule, found.shapes)


def compute_p(
    scores: dict[Extent, Matches], null: dict[Extent, Matches], patients_known: bool, smallest: float
) -> PValues:
    """Returns the p values of images.

    A rank among n held-out images is exact, but never below 2 / (n + 1): it is used where that is small enough.
    Otherwise the tail of the held-out images' scores is fitted.

    Args:
        scores: Matches of the images.
        null: Matches of held-out images; FEWEST_HELD_OUT or more where the rank is not enough.
        patients_known: Whether held-out images certainly show other patients.
        smallest: p value that must be within reach.
    """
    rule: Literal["rank", "tail"] = "rank" if compute_reach(len(null["whole"].score)) <= smallest else "tail"
    shapes, values = [], []
    for chance, seen in zip(join_scores(null), join_scores(scores), strict=True):
        if rule == "rank":
            values.append(compute_rank_p(np.sort(chance), seen))
        else:
            tail = fit_tail(chance, 0.0 if patients_known else UNSURE_SHARE)
            values.append(tail.compute_p(seen))
            shapes.append(tail.shape)
    both = np.stack(values)
    p = np.minimum(2 * both.min(axis=0), 1)
    extent = np.where(scores["whole"].score < scores["part"].score / 2, EXTENTS.index("part"), both.argmin(axis=0))
    correlation = np.choose(extent, [np.abs(scores[name].correlation) for name in EXTENTS])
    return PValues(p, extent, correlation, rule, tuple(shapes))


def compute_reach(held_out: int) -> float:
    """Returns the smallest p value that ranks among that many held-out images give: the smaller of two, doubled.

    Example:
        >>> compute_reach(199)
        0.01
    """
    return 2 / (held_out + 1)


def join_scores(matches: dict[Extent, Matches]) -> tuple[Floats, Floats]:
    """Returns the scores of images as a whole and of their best part, in the order of EXTENTS, each of shape (n,).

    The score of the whole is the larger of the two, or, where both found the same real image, their sum.
    """
    whole, part = matches["whole"], matches["part"]
    agree = whole.position == part.position
    return np.where(agree, whole.score + part.score, np.maximum(whole.score, part.score)), part.score
