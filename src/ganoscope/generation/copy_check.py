"""When a generated image is rejected as a copy of a training image, see `ganoscope.copies`.

Images of the validation split, of other patients, say which resemblance happens by chance. An image is rejected where
the p value of its resemblance is at most 1%: of images that copy nothing, that happens to one in a hundred. The test
split is not used: what is kept for training must not depend on it.
"""

from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ganoscope.copies.copy_search import CopySearch, Found, find_planted, make_copy_search
from ganoscope.copies.null import choose_held_out
from ganoscope.copies.significance import FEWEST_HELD_OUT, MIN_CORRELATION, PValues, compute_p, compute_reach
from ganoscope.data.real_images import RealImages
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.progress import CONSOLE, timed

FALSE_POSITIVES = 0.01
"""Share of images that copy nothing and are rejected."""
COMPARISONS = 1000
"""Generated images that the number of views is chosen for."""
LEAST_FOUND = 0.5
"""Share of planted copies below which altered copies may well pass."""


@dataclass(frozen=True)
class CopyRule:
    """When an image counts as a copy, as written to `provenance.json`.

    Attributes:
        false_positives: Share of images that copy nothing and are rejected: above 1% where there are too few held-out
            images for less.
        min_correlation: Least correlation with the training image that it resembles.
        held_out: Held-out images that resemblance by chance was measured on.
        groups: Patients, or clusters of near-duplicates, among them.
        left_out: Held-out images that nearly repeat a training image.
        planted: Altered copies of training images that were planted.
        planted_found: How many of them are rejected.
    """

    false_positives: float
    min_correlation: float
    held_out: int
    groups: int
    left_out: int
    planted: int = 0
    planted_found: int = 0


@dataclass(frozen=True)
class CopyCheck:
    """The training images, and what resemblance to them means.

    Attributes:
        search: The training images.
        null: Matches of the held-out images.
        patients_known: Whether these certainly show other patients.
        rule: When an image counts as a copy.
    """

    search: CopySearch
    null: Found
    patients_known: bool
    rule: CopyRule

    def compute_p(self, found: Found) -> PValues:
        """Returns the p values of images with these matches."""
        return compute_p(found, self.null, self.patients_known, self.rule.false_positives)

    def flag(self, p_values: PValues) -> NDArray[np.bool_]:
        """Tells which images with these p values are copies, shape (n,)."""
        return (p_values.p <= self.rule.false_positives) & (p_values.correlation >= self.rule.min_correlation)

    def describe(self) -> dict[str, object]:
        """Returns the rule as written to `provenance.json`."""
        return asdict(self.rule)


def make_copy_check(store: Store, seed: int) -> CopyCheck:
    """Returns the check for copies of the store's training images.

    Args:
        store: Its validation images are compared with its training images.
        seed: Seed of the choice of validation images, and of planted copies.

    Raises:
        UserError: The store has no validation image that repeats no training image.
    """
    members, held_out = (RealImages(store, store.indices(split)) for split in ("train", "validation"))
    chosen = choose_held_out(members, held_out, seed)
    count = len(chosen.positions)
    if not count:
        raise UserError(
            f"copies can't be told from resemblance: got 0 validation images that repeat no training image in store "
            f"{store.path}; allowed: 1 or more, {FEWEST_HELD_OUT} for the stated rate of 1%. Prepare a store with a "
            "validation split."
        )
    with timed("reading the training images"):
        search = make_copy_search(members, COMPARISONS)
    null = search.find(
        lambda at: store.load_images(held_out.indices[at])[:, 0], chosen.positions, "comparing held-out images"
    )
    rate = FALSE_POSITIVES if count >= FEWEST_HELD_OUT else max(FALSE_POSITIVES, compute_reach(count))
    groups = len(np.unique(held_out.groups[chosen.positions]))
    rule = CopyRule(rate, MIN_CORRELATION, count, groups, chosen.left_out)
    return measure_sensitivity(CopyCheck(search, null, chosen.patients_known, rule), seed)


def measure_sensitivity(check: CopyCheck, seed: int) -> CopyCheck:
    """Returns the check with the share of planted copies that it finds, which is also printed."""
    caught = check.flag(check.compute_p(find_planted(check.search, seed)))
    rule = replace(check.rule, planted=len(caught), planted_found=int(caught.sum()))
    CONSOLE.print(
        f"copies: {rule.planted_found} of {rule.planted} planted ones are found; {rule.false_positives:.1%} of images "
        f"that copy nothing are rejected by chance ({rule.held_out:,} held-out images of {rule.groups:,} groups)"
    )
    if rule.planted_found < LEAST_FOUND * rule.planted:
        CONSOLE.print(
            "warning: held-out images resemble training images about as much as copies do, so that altered copies may "
            "pass. Are images of one patient in several splits of the store, or are all images of the set alike?"
        )
    return replace(check, rule=rule)
