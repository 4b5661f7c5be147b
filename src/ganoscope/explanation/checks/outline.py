"""Does brightness separate the anatomy from the background?"""

from collections.abc import Iterator

import numpy as np

from ganoscope.alarms import Alarm, Check
from ganoscope.explanation import regions
from ganoscope.explanation.findings import Examination

ANATOMY_AREA = (0.05, 0.95)
"""An outline that covers less or more of the picture than these shares is useless."""
MAX_FAILED = 0.1
"""Largest share of pictures without a usable outline that is not worth an alarm."""


def find_missing_outlines(examination: Examination) -> Iterator[Alarm]:
    """Yields an alarm per set of images in which the anatomy's outline covers nearly nothing or nearly everything."""
    low, high = ANATOMY_AREA
    for one in examination.answer.sets:
        area = 1 - np.mean(one.regions == regions.BACKGROUND, axis=(1, 2))
        share = float(np.mean((area < low) | (area > high)))
        if share > MAX_FAILED:
            yield Alarm(
                f"no_outline_{one.subjects.name}",
                "warning",
                f"in {share:.0%} of the {one.subjects.name} images, brightness does not separate the anatomy from the "
                "background; the shares inside, on the boundary and outside mean little there.",
                {"share": round(share, 3), "images": len(area)},
            )


CHECK = Check(
    ("no_outline_*",),
    "pictures in which brightness does not separate the anatomy from the background",
    find_missing_outlines,
    f"an outline below {ANATOMY_AREA[0]:.0%} or above {ANATOMY_AREA[1]:.0%} of the picture, in more than "
    f"{MAX_FAILED:.0%} of a set",
    rank=60,
)
