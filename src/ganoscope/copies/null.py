"""Held-out images whose resemblance to the real ones says what happens by chance."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.checks.thumbnails import correlate, make_folded_thumbnail
from ganoscope.data.checks.thumbnails import normalise as normalise_thumbnails
from ganoscope.data.real_images import RealImages
from ganoscope.seeds import Stream, stream

MOST_HELD_OUT = 1000
"""Most held-out images that are used."""
SAME = 0.9
"""Correlation of thumbnails from which an image of an unknown patient is taken for one of a real image's patient."""
BLOCK = 1024


@dataclass(frozen=True)
class HeldOut:
    """Held-out images that are compared with the real ones.

    Attributes:
        positions: Their positions among the held-out images, ascending, shape (n,).
        left_out: Number of images left out because they nearly repeat a real one.
        patients_known: Whether all patients of both sets are known.
    """

    positions: NDArray[np.int64]
    left_out: int
    patients_known: bool


def choose_held_out(members: RealImages, held_out: RealImages, seed: int) -> HeldOut:
    """Returns up to MOST_HELD_OUT held-out images, spread over their groups.

    Where a patient is unknown, other slices of a patient, or the same image in other windows, may be in both sets.
    Those that are seen on thumbnails are left out: they are copies, and would make all others look usual.

    Args:
        members: The real images.
        held_out: Images of other patients.
        seed: Seed of the choice.
    """
    known = all((real.store.column("patient")[real.indices] != "").all() for real in (members, held_out))
    order = stream(seed, Stream.COPY_NULL).permutation(len(held_out.indices))
    chosen = np.sort(order[take_turns(held_out.groups[order])[:MOST_HELD_OUT]])
    if known:
        return HeldOut(chosen, 0, True)
    kept = chosen[~find_repeated(members, held_out, chosen)]
    return HeldOut(kept, len(chosen) - len(kept), False)


def take_turns(groups: NDArray[Any]) -> NDArray[np.int64]:
    """Returns positions, shape (N,), in an order in which groups take turns: first one image of each, then the next.

    Args:
        groups: Group of each image, shape (N,).

    Example:
        >>> take_turns(np.array(["a", "a", "b", "a"])).tolist()
        [0, 2, 1, 3]
    """
    seen: dict[Any, int] = {}
    turns = []
    for group in groups.tolist():
        seen[group] = seen.get(group, -1) + 1
        turns.append(seen[group])
    return np.argsort(turns, kind="stable").astype(np.int64)


def find_repeated(members: RealImages, held_out: RealImages, chosen: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tells which of some held-out images have a thumbnail that nearly repeats that of a member, shape (n,).

    Args:
        members: The members.
        held_out: The held-out images.
        chosen: Which of them, shape (n,).
    """
    own = make_thumbnails(held_out, chosen)
    highest = np.full(len(chosen), -1.0)
    for start in range(0, len(members.indices), BLOCK):
        block = make_thumbnails(members, np.arange(start, min(start + BLOCK, len(members.indices))))
        highest = np.maximum(highest, correlate(own, block).max(axis=(0, 2)))
    return highest >= SAME


def make_thumbnails(real: RealImages, positions: NDArray[np.int64]) -> NDArray[np.float32]:
    """Returns thumbnails in the coordinates of `thumbnails.fold`, with norm 1, shape (n, 1024)."""
    images = real.store.load_images(real.indices[positions])[:, 0]
    return normalise_thumbnails(np.stack([make_folded_thumbnail(image) for image in images]))
