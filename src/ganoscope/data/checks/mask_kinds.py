"""Whether masks of findings look like masks of anatomy."""

from collections.abc import Iterator

import numpy as np

from ganoscope.alarms import Alarm, Check
from ganoscope.data.checks.store_tables import StoreTables

SAMPLED = 50
"""Largest number of images of a class whose masks are looked at."""
COMMON_SHARE = 0.9
"""Proportion of images of each class from which on masks are in all of them: healthy ones would have no findings."""
LARGE_SHARE = 0.05
"""Median proportion of the picture that anatomy covers at least; most lesions are smaller."""


def find_anatomy_as_findings(tables: StoreTables) -> Iterator[Alarm]:
    """Yields an alarm when nearly all images of every class have large masks of findings."""
    store, labels = tables.store, tables.columns["label"]
    names = np.unique(labels).tolist()
    if store.masks is None or len(names) < 2:
        return
    medians = []
    for name in names:
        indices = np.flatnonzero(labels == name)
        chosen = indices[np.unique(np.linspace(0, len(indices) - 1, SAMPLED).astype(int))]
        areas = np.array([store.masks[index].mean() for index in chosen])
        if (areas > 0).mean() < COMMON_SHARE:
            return
        medians.append(float(np.median(areas)))
    if min(medians) >= LARGE_SHARE:
        message = (
            f"nearly all images of every class have masks of findings, which cover {min(medians):.0%} to "
            f"{max(medians):.0%} of the picture: they may outline anatomy, such as lung fields. If so, prepare the "
            "images into a new folder with --anatomy DIR, or with the column anatomy in manifest.csv."
        )
        yield Alarm("anatomy_as_findings", "warning", message, {"smallest_median": round(min(medians), 4)})


CHECK = Check(
    ("anatomy_as_findings",),
    "masks of findings that look like anatomy",
    find_anatomy_as_findings,
    f"in {COMMON_SHARE:.0%} of the images of every class, and {LARGE_SHARE:.0%} of the picture or more",
    rank=207,
)
