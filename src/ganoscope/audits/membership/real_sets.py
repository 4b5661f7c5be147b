"""The two sets of real images that attacks must tell apart: members, and other patients of the same source."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.checks.other_stores import find_shared
from ganoscope.data.real_images import JoinedImages, RealImages, join_images
from ganoscope.errors import UserError, describe, refuse, write_count
from ganoscope.evaluate.attacks.suspects import Suspects
from ganoscope.seeds import Stream, stream

UNTESTABLE = "membership can't be tested without held-out patients"
FEWEST_PATIENTS = 20
"""Patients that each set needs: with fewer, random splits of them are too few, and too alike."""
MOST_IMAGES = 4000
"""Images of each set that attacks are tried on, at most."""


@dataclass(frozen=True)
class RealSets:
    """Members and non-members.

    Attributes:
        images: Images of both, members first, N of them.
        groups: Patient or near-duplicate cluster of each, shape (N,), integers.
        labels: Class of each, shape (N,); "" where unknown.
        member: Which are members, shape (N,).
        sample_ids: Id of each in its store, shape (N,).
        shared: Held-out images that were left out as they are, or nearly are, images of members.
    """

    images: JoinedImages
    groups: NDArray[np.int64]
    labels: NDArray[np.str_]
    member: NDArray[np.bool_]
    sample_ids: NDArray[np.str_]
    shared: int

    @property
    def suspects(self) -> Suspects:
        """What attacks are given of them."""
        return Suspects(self.images, self.groups, self.labels)

    def take(self, chosen: NDArray[np.int64]) -> "RealSets":
        """Returns the images at some positions, shape (n,)."""
        return RealSets(
            images=self.images.take(chosen),
            groups=self.groups[chosen],
            labels=self.labels[chosen],
            member=self.member[chosen],
            sample_ids=self.sample_ids[chosen],
            shared=self.shared,
        )


def gather_sets(members: RealImages, held_out: RealImages | None, seed: int) -> RealSets:
    """Returns members and non-members, up to `MOST_IMAGES` of each, without images that are in both.

    Args:
        members: Real images that the generator has learned from.
        held_out: Real images of other patients; None where there are none.
        seed: Seed of the choice of images.

    Raises:
        UserError: There are no held-out patients, too few of them, or some are members.
    """
    if held_out is None or not len(held_out.indices):
        raise UserError(f"{UNTESTABLE}: got none. Name a store of other patients of the same source as held-out.")
    apart, shared = leave_out_shared(members, held_out)
    chosen = [take_random(side, number, seed) for number, side in enumerate((members, apart))]
    groups = [np.char.add(f"{number} ", side.groups.astype(str)) for number, side in enumerate(chosen)]
    refuse_few_patients(*(len(np.unique(one)) for one in groups))
    labels = [side.store.column("label")[side.indices] for side in chosen]
    ids = np.concatenate([side.store.column("sample_id")[side.indices] for side in chosen])
    return RealSets(
        images=join_images(*chosen),
        groups=np.unique(np.concatenate(groups), return_inverse=True)[1].astype(np.int64),
        labels=np.concatenate(labels),
        member=np.arange(len(ids)) < len(chosen[0].indices),
        sample_ids=ids,
        shared=shared,
    )


def leave_out_shared(members: RealImages, held_out: RealImages) -> tuple[RealImages, int]:
    """Returns the held-out images that no member's image is equal or nearly equal to, and how many were left out.

    Within a store, near-duplicates belong to one group, and patients are one group as well.

    Raises:
        UserError: Both are of one store, and patients are in both.
    """
    if members.store.fingerprint == held_out.store.fingerprint:
        common = np.intersect1d(members.groups, held_out.groups)
        if len(common):
            fault = "held-out patients, or near-duplicates of their images, are among the members"
            remedy = "Take held-out images of other patients, such as those of the store's test split."
            raise UserError(describe(fault, write_count(len(common), "group"), "none", remedy))
        return held_out, 0
    near = find_shared(held_out.store, members.store, closely=True).near[held_out.indices]
    return RealImages(held_out.store, held_out.indices[~near]), int(near.sum())


def take_random(side: RealImages, number: int, seed: int) -> RealImages:
    """Returns up to `MOST_IMAGES` random images, in ascending order.

    Args:
        side: One of the two sets.
        number: Number of the set, 0 or 1.
        seed: Seed of the choice.
    """
    order = stream(seed, Stream.MEMBERSHIP_IMAGES, number).permutation(side.indices)
    return RealImages(side.store, np.sort(order[:MOST_IMAGES]))


def refuse_few_patients(members: int, held_out: int) -> None:
    """Refuses sets of too few patients.

    Raises:
        UserError: There are too few in either set.
    """
    counts = {"members are of": members, "held-out images are of": held_out}
    refuse(
        [
            describe(
                f"{UNTESTABLE} in sufficient number: {name} too few patients",
                count,
                f"{FEWEST_PATIENTS} or more",
                "Take more patients.",
            )
            for name, count in counts.items()
            if count < FEWEST_PATIENTS
        ]
    )
