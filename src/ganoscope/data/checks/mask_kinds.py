"""Whether masks of findings look like masks of anatomy, and those of anatomy like masks of findings."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ganoscope.alarms import Alarm, Check
from ganoscope.data.checks.store_tables import StoreTables
from ganoscope.data.store.pixel_file import PixelFile

SAMPLED = 50
"""Largest number of images of a class whose masks are looked at."""
COMMON_SHARE = 0.9
"""Proportion of images of each class from which on masks are in all of them: healthy ones would have no findings."""
FEWEST, SIZE_FACTOR = 5, 4
"""Smallest number of images of a class that is compared, and how many times larger its anatomy may be."""
LARGE_SHARE = 0.05
"""Median proportion of the picture that anatomy covers at least; most lesions are smaller."""


def find_anatomy_as_findings(tables: StoreTables) -> Iterator[Alarm]:
    """Yields an alarm when nearly all images of every class have large masks of findings."""
    areas = measure_areas(tables, tables.store.masks)
    if len(areas) < 2 or any((each > 0).mean() < COMMON_SHARE for each in areas.values()):
        return
    medians = [float(np.median(each)) for each in areas.values()]
    if min(medians) >= LARGE_SHARE:
        message = (
            f"nearly all images of every class have masks of findings, which cover {min(medians):.0%} to "
            f"{max(medians):.0%} of the picture: they may outline anatomy, such as lung fields. If so, prepare the "
            "images into a new folder with --anatomy DIR, or with the column anatomy in manifest.csv."
        )
        yield Alarm("anatomy_as_findings", "warning", message, {"smallest_median": round(min(medians), 4)})


def find_anatomy_by_class(tables: StoreTables) -> Iterator[Alarm]:
    """Yields an alarm when anatomy is outlined in some classes alone, or far larger in one than in another."""
    areas = measure_areas(tables, tables.store.anatomy)
    areas = {name: each for name, each in areas.items() if len(each) >= FEWEST}
    shares = {name: float((each > 0).mean()) for name, each in areas.items()}
    lacking = [name for name, share in shares.items() if share == 0]
    common = [name for name, share in shares.items() if share >= COMMON_SHARE]
    if lacking and common:
        message = (
            f"masks of anatomy outline something in nearly all images of {' and '.join(common)}, and in none of "
            f"{' and '.join(lacking)}. Every patient has the anatomy: they may be masks of findings (if so, prepare "
            "the images into a new folder with --masks), or those of some classes are missing or mixed up."
        )
        yield Alarm("anatomy_by_class", "warning", message, {"classes_without": len(lacking)})
        return
    medians = {name: float(np.median(each)) for name, each in areas.items() if shares[name] >= COMMON_SHARE}
    smallest, largest = (choose(medians, key=lambda name: medians[name], default="") for choose in (min, max))
    if medians and medians[largest] >= SIZE_FACTOR * medians[smallest]:
        message = (
            f"masks of anatomy cover {medians[largest]:.1%} of the picture in {largest}, and {medians[smallest]:.1%} "
            f"in {smallest} (medians): they may outline different things, or belong to other pictures. Look at them."
        )
        yield Alarm("anatomy_by_class", "warning", message, {"ratio": round(medians[largest] / medians[smallest], 2)})


def measure_areas(tables: StoreTables, masks: PixelFile | None) -> dict[str, NDArray[np.float64]]:
    """Returns the proportion of the picture that masks cover, by class, for images chosen evenly from each.

    Args:
        tables: Tables of the store.
        masks: Masks of one kind, shape (N, H, W); None if there are none.
    """
    labels = tables.columns["label"]
    areas: dict[str, NDArray[np.float64]] = {}
    for name in np.unique(labels).tolist() if masks is not None else ():
        indices = np.flatnonzero(labels == name)
        chosen = indices[np.unique(np.linspace(0, len(indices) - 1, SAMPLED).astype(int))]
        areas[name] = np.array([masks[index].mean() for index in chosen])  # type: ignore[index]
    return areas


CHECKS = (
    Check(
        ("anatomy_as_findings",),
        "masks of findings that look like anatomy",
        find_anatomy_as_findings,
        f"in {COMMON_SHARE:.0%} of the images of every class, and {LARGE_SHARE:.0%} of the picture or more",
        rank=207,
    ),
    Check(
        ("anatomy_by_class",),
        "masks of anatomy that differ between classes",
        find_anatomy_by_class,
        f"in some classes alone, or {SIZE_FACTOR} times as large in one as in another",
        rank=208,
    ),
)
