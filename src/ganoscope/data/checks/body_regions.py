"""Regions of the body in one store: head and chest differ so much that one model rarely serves both. A hint.

The region is that of BodyPartExamined, which is often missing or wrong. Without it, a CT slice with a known pixel
spacing is judged by its content: a head is small, with much bone and no lung; a trunk is wide, or holds lung.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ganoscope.alarms import Alarm, Check
from ganoscope.data.checks.store_tables import StoreTables
from ganoscope.data.dicom.attributes import REGIONS
from ganoscope.data.picture import Picture

WORK_PX = 128
"""Long side of the copy that is judged, at most."""
BODY_HU, BONE_HU, LUNG_HU = -500, 300, (-950, -500)
HEAD_CM2, HEAD_BONE, HEAD_LUNG = (80, 330), 0.08, 0.05
"""Area of a head, its least share of bone and its largest share of lung-like air."""
TRUNK_CM2, TRUNK_LUNG, LEAST_CM2 = 380, 0.15, 150
"""Area of a trunk, or its least share of lung in at least `LEAST_CM2`."""
FEWEST, SMALLEST_SHARE = 2, 0.02
"""A region counts from this number and this share of the images."""


def tell_region(picture: Picture) -> str:
    """Returns the region of the body that a picture shows: `head and neck`, `trunk` or `limbs`; "" if unknown."""
    if picture.body_part:
        return REGIONS[picture.body_part]
    return judge_slice(picture.pixels, picture.spacing_mm) if picture.unit == "HU" and picture.spacing_mm else ""


def judge_slice(hu: NDArray[np.generic], spacing_mm: tuple[float, float]) -> str:
    """Returns the region that a CT slice shows by its content; "" if it is neither head nor trunk.

    Args:
        hu: Shape (H, W).
        spacing_mm: Row and column spacing.
    """
    step = math.ceil(max(hu.shape) / WORK_PX)
    small = hu[::step, ::step].astype(np.int32)
    parts, count = ndimage.label(ndimage.binary_opening(small > BODY_HU))
    if not count:
        return ""
    body = ndimage.binary_fill_holes(parts == 1 + int(np.bincount(parts.ravel())[1:].argmax()))
    area = float(body.sum()) * spacing_mm[0] * spacing_mm[1] * step**2 / 100
    inside = small[body]
    bone = float((inside > BONE_HU).mean())
    lung = float(((inside > LUNG_HU[0]) & (inside < LUNG_HU[1])).mean())
    if area >= TRUNK_CM2 or (lung >= TRUNK_LUNG and area >= LEAST_CM2):
        return "trunk"
    head = HEAD_CM2[0] <= area <= HEAD_CM2[1] and bone >= HEAD_BONE and lung <= HEAD_LUNG
    return "head and neck" if head else ""


def find_mixed_regions(tables: StoreTables) -> Iterator[Alarm]:
    """Yields a hint when a store mixes regions of the body."""
    regions = tables.source.regions
    least = max(FEWEST, SMALLEST_SHARE * tables.store.count)
    counted = {region: count for region, count in sorted(regions.items()) if count >= least}
    if len(counted) > 1:
        listed = ", ".join(f"{count:,} {region}" for region, count in counted.items())
        yield Alarm(
            "mixed_regions",
            "note",
            f"the images seem to show different regions of the body ({listed}), by BodyPartExamined or their content: "
            "a model mixes them, and classes may differ by region instead of disease. Separate them with "
            "--only-series, or by folders.",
            dict(counted),
        )


CHECK = Check(
    ("mixed_regions",),
    "head and chest, or other regions of the body, in one store",
    find_mixed_regions,
    f"{FEWEST} images and {SMALLEST_SHARE:.0%} of them, or more, of each",
    rank=185,
)
