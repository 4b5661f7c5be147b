"""Do real and generated images share their intensity range?"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ganoscope.alarms import Alarm, Check
from ganoscope.training.observations import Observations

MIN_RANGE = 0.5
"""Smallest width of the generated images' intensity range, relative to the real images'."""
LIMIT = 1.001
"""Largest absolute value of real images in network range, with room for rounding."""


def find_different_ranges(observations: Observations) -> Iterator[Alarm]:
    """Yields an alarm when real images leave the network range, or generated ones fill too little of it."""
    real, fake = observations.real, observations.fake
    if real is None or fake is None:
        return
    if real.min() < -LIMIT or real.max() > LIMIT:
        yield make_range_alarm(real, real)
    if not observations.settled:
        return
    if np.ptp(np.percentile(fake, (1, 99))) < MIN_RANGE * np.ptp(np.percentile(real, (1, 99))):
        yield make_range_alarm(real, fake)


def make_range_alarm(real: NDArray[np.float32], fake: NDArray[np.float32]) -> Alarm:
    """Returns the alarm that images of shape (N, H, W) and (M, H, W) differ in their intensity range."""
    values = {
        f"{name}_p{percent}": round(float(np.percentile(images, percent)), 3)
        for name, images in (("real", real), ("fake", fake))
        for percent in (1, 99)
    }
    return Alarm(
        "ranges_differ",
        "danger",
        "real and generated images do not share their intensity range (1st to 99th percentile, network range -1 to 1): "
        f"real {values['real_p1']} to {values['real_p99']}, generated {values['fake_p1']} to {values['fake_p99']}.",
        {**values},
    )


CHECK = Check(
    ("ranges_differ",),
    "real and generated images that differ in intensity range",
    find_different_ranges,
    f"generated images fill less than {MIN_RANGE:.0%} of the real ones' range",
    rank=40,
)
