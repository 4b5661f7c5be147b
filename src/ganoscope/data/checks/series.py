"""Whether slices that were filed together form one volume, and how densely they sample it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.alarms import Alarm, Check, Severity
from ganoscope.data.checks.store_tables import StoreTables
from ganoscope.data.dicom.stacks import SAME_POSITION_MM, SAME_SPACING
from ganoscope.data.picture import Picture
from ganoscope.data.store.series_table import SeriesRow, read_series
from ganoscope.errors import write_count

TOLERANCE = 0.05
"""Relative deviation of distances, and of thickness from distance, that is attributed to rounding."""

LISTED = 20
"""Most series that an alarm lists."""


@dataclass(frozen=True)
class SeriesFacts:
    """What the positions of a series' slices reveal.

    Attributes:
        slices: Number of slices.
        spacing_between_mm: Distance from one slice to the next; None where positions are unknown.
        thickness_mm: Slice thickness; None where unknown.
        missing: Number of slices that are absent, by the gaps between positions.
        problems: One plain sentence each.
        order: What orders the slices: `position`, `SliceLocation`, `InstanceNumber`, or "" where nothing does.
        told_by: Attributes that tell the volume apart from others of its series; "" if there are no others.
    """

    slices: int
    spacing_between_mm: float | None = None
    thickness_mm: float | None = None
    missing: int = 0
    problems: tuple[str, ...] = ()
    order: str = "position"
    told_by: str = ""


def check_series(slices: Sequence[Picture]) -> tuple[str, SeriesFacts]:
    """Returns why the slices can't be one volume, "" where they can, and what is known about their sampling.

    Args:
        slices: Slices of one series, at least one, in any order, with the sizes and spacings of the source.
    """
    fault = find_fault(slices)
    positions = np.array([s.position_mm for s in slices if s.position_mm is not None], dtype=np.float64)
    gaps = np.diff(np.sort(positions))
    if not fault and gaps.size and gaps.min() < SAME_POSITION_MM:
        twice = int((gaps < SAME_POSITION_MM).sum())
        fault = f"{twice} of {len(slices)} slices lie where another one does: more than one volume in the series"
    return fault, SeriesFacts(len(slices)) if fault else measure_sampling(slices, gaps, len(positions))


def find_fault(slices: Sequence[Picture]) -> str:
    """Returns the first property that differs within the series, "" where none does."""
    for what, values in (
        ("modalities", {s.modality for s in slices}),
        ("units of pixels", {s.unit for s in slices}),
        ("picture sizes", {f"{s.pixels.shape[0]} x {s.pixels.shape[1]}" for s in slices}),
        ("orientations", {s.view for s in slices}),
    ):
        if len(values) > 1:
            return f"mixed {what} in one series: {', '.join(sorted(value or 'unknown' for value in values))}"
    spacings = [s.spacing_mm for s in slices]
    known = np.array([spacing for spacing in spacings if spacing], dtype=np.float64).reshape(-1, 2)
    if 0 < len(known) < len(slices):
        return f"mixed pixel spacings in one series: {len(slices) - len(known)} of {len(slices)} slices state none"
    if len(known) and (np.ptp(known, axis=0) > SAME_SPACING * known.min(axis=0)).any():
        return f"mixed pixel spacings in one series: {known.min():g} to {known.max():g} mm"
    return ""


def measure_sampling(slices: Sequence[Picture], gaps: NDArray[np.float64], placed: int) -> SeriesFacts:
    """Returns distance, thickness and missing slices, with a sentence for every irregularity.

    Args:
        slices: Slices of one series.
        gaps: Distances of neighbouring slices in mm, shape (n,).
        placed: Number of slices that state their position.
    """
    problems = []
    if 0 < placed < len(slices):
        problems.append(f"{len(slices) - placed} of {len(slices)} slices state no position")
    spacing, missing = find_spacing(gaps) if gaps.size else (None, 0)
    if missing:
        absent = write_count(missing, "slice is missing", "slices are missing")
        problems.append(f"{absent}: the largest gap is {gaps.max():g} mm, {spacing:g} mm are usual")
    if spacing and (np.abs(gaps / spacing - np.rint(gaps / spacing)) > TOLERANCE).any():
        problems.append(f"slices lie at irregular distances of {gaps.min():g} to {gaps.max():g} mm")
    known = [s.thickness_mm for s in slices if s.thickness_mm is not None]
    thickness = float(np.median(known)) if known else None
    if known and max(known) > (1 + TOLERANCE) * min(known):
        problems.append(f"slices are {min(known):g} to {max(known):g} mm thick")
    if spacing and thickness and abs(thickness - spacing) > TOLERANCE * spacing:
        effect = "neighbours overlap" if thickness > spacing else "parts of the body lie between them"
        problems.append(f"slices are {thickness:g} mm thick but {spacing:g} mm apart: {effect}")
    return SeriesFacts(len(slices), spacing, thickness, missing, tuple(problems))


def find_spacing(gaps: NDArray[np.float64]) -> tuple[float, int]:
    """Returns the slice spacing in mm and the number of missing slices, from gaps in mm, shape (n,).

    The spacing is the smallest gap where all others are multiples of it, else the median gap.

    Example:
        >>> find_spacing(np.array([2.0, 2.0, 6.0, 2.0]))
        (2.0, 2)
    """
    smallest = float(np.median(gaps[gaps < (1 + TOLERANCE) * gaps.min()]))
    multiples = gaps / smallest
    regular = (np.abs(multiples - np.rint(multiples)) <= TOLERANCE).all()
    spacing = smallest if regular else float(np.median(gaps))
    return round(spacing, 4), int(np.maximum(np.rint(gaps / spacing) - 1, 0).sum())


def find_series_problems(tables: StoreTables) -> Iterator[Alarm]:
    """Yields alarms about volumes of unknown order, with missing slices, and with slices that overlap or leave gaps."""
    series = read_series(tables.store.path)
    missing = [one for one in series if one.missing]
    apart = [one for one in series if differs(one.thickness_mm, one.spacing_between_mm)]
    unplaced = [one for one in series if one.order != "position"]
    if unplaced:
        yield tell_order(unplaced, len(series))
    if told := sorted({one.told_by for one in series if one.told_by}):
        parts = sum(bool(one.told_by) for one in series)
        message = (
            f"{parts} of {len(series)} volumes were parts of a series that holds several, told apart by "
            f"{'; '.join(told[:LISTED])}: each is a volume of its own, and those of one series stay in one split. To "
            "keep one kind, leave the others out of the source."
        )
        yield Alarm("several_volumes", "note", message, {"volumes": parts, "told_by": told[:LISTED]})
    if missing:
        slices = sum(one.missing for one in missing)
        absent = write_count(slices, "slice is", "slices are")
        message = f"{absent} missing in {len(missing)} of {len(series)} series, by the gaps in position."
        yield Alarm("missing_slices", "warning", message, {"series": len(missing), "slices": slices})
    if apart:
        message = (
            f"in {len(apart)} of {len(series)} series the slice thickness differs from the distance between slices: "
            "slices overlap or leave gaps, and neighbours share tissue. See series.csv."
        )
        evidence = [f"{one.thickness_mm:g} mm thick every {one.spacing_between_mm:g}" for one in apart]
        yield Alarm("thickness_spacing", "note", message, {"series": len(apart), "found": evidence[:LISTED]})


def tell_order(unplaced: Sequence[SeriesRow], count: int) -> Alarm:
    """Returns the alarm about volumes that were not ordered by position.

    Args:
        unplaced: Their rows.
        count: Number of all volumes.
    """
    orders = Counter(one.order or "nothing but the order of files or frames" for one in unplaced)
    listed = ", ".join(f"{number} by {order}" for order, number in orders.most_common())
    message = (
        f"in {len(unplaced)} of {count} volumes not all slices state their position: they were ordered otherwise "
        f"({listed}), and missing slices can't be counted. Choices such as --slices 20:80 may take other "
        "parts of the body."
    )
    severity: Severity = "note" if all(one.order for one in unplaced) else "warning"
    return Alarm("slice_order", severity, message, {"volumes": len(unplaced)})


def differs(thickness_mm: float, spacing_mm: float) -> bool:
    """Tells whether slices overlap or leave gaps: thickness and distance, where known, differ beyond rounding.

    Example:
        >>> differs(2.5, 2.5), differs(2.5, 1.25), differs(float("nan"), 1.25)
        (False, True, False)
    """
    return abs(thickness_mm / spacing_mm - 1) > TOLERANCE


CHECK = Check(
    ("slice_order", "several_volumes", "missing_slices", "thickness_spacing"),
    "slices of unknown order, several volumes in one series, missing slices, and slice thickness that differs from the "
    "distance between slices",
    find_series_problems,
    f"any missing slice; thickness more than {TOLERANCE:.0%} off",
    rank=110,
    titles=(
        "slices of unknown order",
        "several volumes in one series",
        "missing slices",
        "slice thickness that differs from the distance between slices",
    ),
)
