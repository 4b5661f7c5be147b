"""Who of the real images plays which part: those that the generator has learned from, held-out patients, and others."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.audits.opening.given_images import refuse_unlike
from ganoscope.data.checks.other_stores import find_shared
from ganoscope.data.real_images import RealImages
from ganoscope.data.store import Store
from ganoscope.errors import UserError, describe, refuse, write_count
from ganoscope.training.run_folder.trained_run import TrainedRun


@dataclass(frozen=True)
class Roles:
    """Real images by the part that they play.

    Attributes:
        members: Those that the generator has learned from.
        held_out: Those of patients that it has not seen; None where there are none.
        others: Those of further patients, to train on; None where there are none.
        notes: What a reader must know of the choice, a sentence each.
    """

    members: RealImages
    held_out: RealImages | None
    others: RealImages | None
    notes: tuple[str, ...] = ()


def assign_roles(real: Store, run: TrainedRun | None, holdout: Path | None, reid_store: Path | None) -> Roles:
    """Returns who plays which part.

    Args:
        real: Store of the real images.
        run: Run that has learned from some of them; None takes the training split.
        holdout: Store of held-out patients; None takes the test split of `real`.
        reid_store: Store of further patients; None takes what is left of `real`.

    Raises:
        UserError: There are no members, or a patient plays two parts.
    """
    inside = find_members(real, run)
    groups = real.column("group")
    seen = np.isin(groups, np.unique(groups[inside]))
    tested = np.isin(np.arange(real.count), real.indices("test")) & ~seen
    held_out = take_all(holdout, real, "--holdout") if holdout else take(real, tested)
    left = ~seen & ~tested if not holdout else ~seen
    others = take_all(reid_store, real, "--reid-store") if reid_store else take(real, left)
    if holdout and reid_store:
        refuse_shared(Store.open(reid_store), Store.open(holdout), "--reid-store", "--holdout")
    members = RealImages(real, np.flatnonzero(inside))
    return Roles(members, held_out, others, note_choice(real, run, holdout, held_out))


def find_members(real: Store, run: TrainedRun | None) -> NDArray[np.bool_]:
    """Returns which images the generator has learned from, shape (N,): by the run's record, or the training split.

    Raises:
        UserError: The store lacks some of the run's images, or has no training split.
    """
    if run is None:
        inside = np.isin(np.arange(real.count), real.indices("train"))
        if not inside.any():
            raise UserError(
                f"store {real.path} has no training split: got 0 images; allowed: 1 or more. --real is the store that "
                "the generator has learned from; the images of other patients go to --holdout."
            )
        return inside
    inside = np.isin(real.column("sample_id"), run.record.sample_ids)
    wanted = len(run.record.sample_ids)
    if inside.sum() != wanted:
        raise UserError(
            describe(
                f"store {real.path} lacks images that run {run.path} has learned from",
                f"{int(inside.sum()):,} of {wanted:,}",
                "all of them",
                f"Give the store that the run was trained on ({run.record.store}) with --real.",
            )
        )
    return inside


def take(store: Store, chosen: NDArray[np.bool_]) -> RealImages | None:
    """Returns some images of a store, chosen by a mask of shape (N,); None where there are none."""
    return RealImages(store, np.flatnonzero(chosen)) if chosen.any() else None


def take_all(path: Path, real: Store, option: str) -> RealImages:
    """Returns all images of a further store.

    Args:
        path: The store.
        real: Store of the real images.
        option: Option that names it.

    Raises:
        UserError: It does not fit the real store, or holds images of it.
    """
    store = Store.open(path)
    refuse_unlike_store(store, real, option)
    refuse_shared(store, real, option, "--real")
    return RealImages(store, np.arange(store.count))


def refuse_unlike_store(store: Store, real: Store, option: str) -> None:
    """Refuses a further store whose images can't be compared with the real ones.

    Args:
        store: The further store.
        real: Store of the real images.
        option: Option that names the further store.

    Raises:
        UserError: They can't.
    """
    try:
        refuse_unlike(store, real)
        same = store.intensity == real.intensity
    except UserError as error:
        raise UserError(str(error).replace("synthetic images have", f"images of {option} {store.path} have")) from None
    refuse([] if same else [f"images of {option} {store.path} have another intensity range. Prepare both alike."])


def refuse_shared(store: Store, real: Store, option: str, other: str) -> None:
    """Refuses a store that holds images of another one, or near-duplicates of them: a patient would play two parts.

    Args:
        store: Store to look at.
        real: The other one.
        option: Option that names the first.
        other: Option that names the second.

    Raises:
        UserError: It does.
    """
    found = find_shared(store, real, closely=True).near
    if found.any():
        ids = ", ".join(store.column("sample_id")[found].tolist()[:3])
        fault = f"{option} {store.path} holds images of {other}, or near-duplicates of them"
        given = f"{int(found.sum()):,} of {store.count:,} ({ids}{', ...' if found.sum() > 3 else ''})"
        raise UserError(describe(fault, given, "none", "Leave them out, and prepare it again."))


def note_choice(
    real: Store, run: TrainedRun | None, holdout: Path | None, held_out: RealImages | None
) -> tuple[str, ...]:
    """Returns what a reader must know of the choice, a sentence each.

    Args:
        real: Store of the real images.
        run: Run that has learned from some of them; None for a folder of images.
        holdout: Store of held-out patients, where one was given.
        held_out: Images of held-out patients; None where there are none.
    """
    notes = []
    if run is None:
        notes.append("Who the generator has learned from is taken from the training split of the real store.")
    if held_out is None:
        notes.append(
            "There are no held-out patients: give a store of them with --holdout, or prepare the real one with a test "
            "split."
        )
    if not holdout and held_out and run:
        tested = len(real.indices("test"))
        if len(held_out.indices) < tested:
            dropped = write_count(tested - len(held_out.indices), "image")
            notes.append(f"{dropped} of the test split are of patients that the run has learned from: not held out.")
    if "" in real.column("patient").tolist():
        notes.append("Patients are not known for all images: nothing can be claimed about patients, only about images.")
    return tuple(notes)
