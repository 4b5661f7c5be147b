"""Audits at several checkpoints of a run: where fidelity and leak cross, and which checkpoint to take."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ganoscope.audits.scorecard import Point, Scorecard
from ganoscope.errors import UserError, describe, refuse, write_count
from ganoscope.files.tables import save_csv
from ganoscope.training.run_folder.checkpoint import list_checkpoints

FOLDER, TABLE, ALL = "checkpoints", "checkpoints.csv", "all"
LEAKS = ("copied_images", "membership", "reidentification")
"""Questions whose fault is a leak."""
DISTANCE, MEMBERSHIP, COPIES = "frechet_distance", "density_ratio_auc", "copies"
"""Numbers of the curve: fidelity's, and those of two questions about leaks."""


def choose_checkpoints(run: Path, wanted: str) -> list[int]:
    """Returns the checkpoints to audit, by images seen, in ascending order.

    Args:
        run: Folder of the run.
        wanted: `all`, or numbers of images seen separated by commas.

    Raises:
        UserError: A checkpoint does not exist.
    """
    known = [int(folder.name) for folder in list_checkpoints(run)]
    if wanted == ALL:
        return known
    numbers = sorted({int(number) for number in wanted.split(",")})
    allowed = ", ".join(map(str, known)) or "none"
    refuse([describe("run has no such checkpoint", one, allowed, "") for one in numbers if one not in known])
    return numbers


def list_checkpoint_faults(wanted: str) -> list[str]:
    """Returns a fault where the checkpoints are stated in another way than `all` or numbers and commas.

    Example:
        >>> [len(list_checkpoint_faults(wanted)) for wanted in ("", "all", "1,20", "1,", "x")]
        [0, 0, 0, 1, 1]
    """
    if wanted in ("", ALL) or all(part.strip().isdecimal() for part in wanted.split(",")):
        return []
    return [describe("--checkpoints are no list", wanted, "all, or images seen such as 20000,40000", "")]


def place_point(images_seen: int, scorecard: Scorecard) -> Point:
    """Returns a checkpoint's place on the curve.

    Args:
        images_seen: Images seen at the checkpoint.
        scorecard: Its scorecard.
    """
    entries = {entry.name: entry for entry in scorecard.entries}
    values = [value for entry in entries.values() for value in entry.values if value.images == "all"]
    ratios = [
        value.measured.at_floor_size / value.measured.floor.value
        for value in values
        if value.name == DISTANCE and value.measured.floor and value.measured.at_floor_size
    ]
    found = {value.name: value.measured.value.value for value in values if value.name in (MEMBERSHIP, COPIES)}
    asked = [entries[name] for name in LEAKS if name in entries]
    return Point(
        images_seen=images_seen,
        weights_sha256=scorecard.subject.weights_sha256,
        times_floor=math.exp(float(np.mean(np.log(ratios)))) if ratios and min(ratios) > 0 else math.nan,
        auc=found.get(MEMBERSHIP, math.nan),
        copies=found.get(COPIES, math.nan),
        leaks=" ".join(entry.name for entry in asked if entry.outcome == "fault"),
        tested=sum(entry.outcome != "untested" for entry in asked),
    )


def save_points(out: Path, points: Sequence[Point]) -> None:
    """Writes `checkpoints.csv`."""
    save_csv(out / TABLE, tuple(asdict(points[0])), map(asdict, points))


def advise(points: Sequence[Point]) -> str:
    """Returns which checkpoint to take, in a sentence or two.

    It is the one whose images are nearest to real ones among those where no leak is shown.

    Args:
        points: The checkpoints, in ascending order; one or more.
    """
    tested = [one for one in points if one.tested]
    if not tested:
        return "No question about leaks could be tested: the audit can't say which checkpoint to take."
    safe = [one for one in tested if not one.leaks]
    if not safe:
        return "Every checkpoint shows a leak: take none of them."
    first = next((one.images_seen for one in tested if one.leaks), None)
    crossing = f" From {first:,} images on, a leak is shown." if first is not None else ""
    known = [one for one in safe if not math.isnan(one.times_floor)]
    if not known:
        listed = ", ".join(f"{one.images_seen:,}" for one in safe)
        return f"No leak is shown at {listed} images seen; fidelity was not measured.{crossing}"
    best = min(known, key=lambda one: one.times_floor)
    among = f"of the {write_count(len(safe), 'checkpoint')} where no leak is shown"
    return (
        f"Take the checkpoint at {best.images_seen:,} images: its images are {best.times_floor:.2g} times as far from "
        f"real ones as real ones of other patients are, the least {among}.{crossing}"
    )


def find_checkpoint_below(scorecard: Scorecard, most: float) -> Point:
    """Returns the checkpoint nearest to real images of those that leak at most this: no copies, an AUC up to it.

    Args:
        scorecard: Scorecard with a curve over training.
        most: Largest AUC of telling members from the released images alone.

    Raises:
        UserError: There is no curve, or no such checkpoint.
    """
    if not scorecard.points:
        raise UserError("the audit has no curve over training. Run `ganoscope audit` with --checkpoints all.")
    kept = [one for one in scorecard.points if one.auc <= most and not one.copies > 0 and one.times_floor > 0]
    if not kept:
        listed = ", ".join(f"{one.auc:.3f} at {one.images_seen:,} images" for one in scorecard.points)
        fault = f"no checkpoint leaks as little as --max-leak {most:g} without copies"
        raise UserError(describe(fault, listed, f"an AUC up to {most:g}, and no copies", "Raise it, or train anew."))
    return min(kept, key=lambda one: one.times_floor)


def collect(found: Mapping[int, Scorecard]) -> list[Point]:
    """Returns the curve of some scorecards by images seen.

    Raises:
        UserError: There are none.
    """
    if not found:
        raise UserError("there is no checkpoint to audit.")
    return [place_point(images_seen, scorecard) for images_seen, scorecard in sorted(found.items())]
