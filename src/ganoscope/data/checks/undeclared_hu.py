"""16-bit pictures that hold Hounsfield units plus an offset which nobody declared. A hint, not a finding.

CT has two peaks that no other picture has at this distance: air around the body at -1000 HU, and soft tissue and water
around 0 HU, with little above.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ganoscope.alarms import Alarm, Check
from ganoscope.data.checks.store_tables import StoreTables

OFFSETS = (1024, 2048, 8192, 32768)
"""Offsets in use, most frequent first; 1000 looks like 1024."""
AIR_HU, TISSUE_HU, BESIDE_HU = (-1100, -850), (-150, 150), ((-450, -150), (150, 450))
RANGE_HU = (-1100, 2000)
"""Nearly all pixels of a slice lie in this range."""
INSIDE, LEAST_AIR, LEAST_TISSUE = 0.98, 0.05, 0.1
"""Smallest proportions of pixels in the range, in air and in soft tissue."""
STEEP = 1.5
"""Soft tissue is at least so many times as frequent as the same number of values to either side."""
ALIKE_SHARE = 0.5
"""Share of the images that must look like HU for a hint."""


def find_hu_offset(pixels: NDArray[np.generic]) -> int | None:
    """Returns the offset with which a picture looks like CT in HU; None if it does not.

    Args:
        pixels: Shape (H, W), uint16.
    """
    return next((offset for offset in OFFSETS if looks_like_hu(pixels.astype(np.int64) - offset)), None)


def looks_like_hu(hu: NDArray[np.int64]) -> bool:
    """Tells whether values, shape (H, W), are distributed like those of a CT slice in HU."""

    def share(limits: tuple[int, int]) -> float:
        return float(((hu >= limits[0]) & (hu <= limits[1])).mean())

    tissue = share(TISSUE_HU)
    steep = all(tissue >= STEEP * share(beside) for beside in BESIDE_HU)
    return share(RANGE_HU) >= INSIDE and share(AIR_HU) >= LEAST_AIR and tissue >= LEAST_TISSUE and steep


def find_undeclared(tables: StoreTables) -> Iterator[Alarm]:
    """Yields a hint when 16-bit pictures look like HU plus an offset that nobody declared."""
    images, offset = tables.source.undeclared_hu, tables.source.undeclared_offset
    if images and images >= ALIKE_SHARE * tables.store.count:
        yield Alarm(
            "undeclared_hu",
            "warning",
            f"{images:,} of {tables.store.count:,} 16-bit pictures look like CT in Hounsfield units plus about "
            f"{offset}, by their air and soft tissue. If they are, prepare them into a new folder with "
            f"--hu-offset {offset}, or the exact number in the data description; until then windows, HU measures and "
            "padding do not apply.",
            {"images": images, "offset": offset},
        )


CHECK = Check(
    ("undeclared_hu",),
    "pictures of 16 bits that look like Hounsfield units plus an offset",
    find_undeclared,
    f"{ALIKE_SHARE:.0%} of the images or more",
    rank=6,
)
