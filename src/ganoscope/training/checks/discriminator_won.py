"""Does the discriminator win completely, so that the generator no longer learns?"""

from collections.abc import Iterator

import numpy as np

from ganoscope.alarms import Alarm, Check
from ganoscope.training.observations import Observations

WON_REAL, WON_FAKE, WON_SHARE = 0.99, 0.01, 0.9
"""D wins completely when D(x) is above the first and D(G(z)) below the second in at least this share of the steps."""


def find_domination(observations: Observations) -> Iterator[Alarm]:
    """Yields an alarm when D told real from generated images effortlessly in nearly all of the latest steps."""
    scores = [
        (row["discriminator.d_real"], row["discriminator.d_fake"])
        for row in observations.rows
        if "discriminator.d_real" in row
    ]
    won = [real > WON_REAL and fake < WON_FAKE for real, fake in scores]
    if observations.settled and won and np.mean(won) >= WON_SHARE:
        yield Alarm(
            "discriminator_won",
            "warning",
            f"the discriminator wins completely: D(x) above {WON_REAL} and D(G(z)) below {WON_FAKE} in "
            f"{np.mean(won):.0%} of the latest steps. The generator learns little now; try --label-smoothing 0.9, a "
            "lower learning rate, or more images.",
            {"share": round(float(np.mean(won)), 3)},
        )


CHECK = Check(
    ("discriminator_won",),
    "a discriminator that wins completely",
    find_domination,
    f"D(x) above {WON_REAL} and D(G(z)) below {WON_FAKE} in {WON_SHARE:.0%} of the steps since the last checkpoint",
    rank=20,
)
