"""Has a term of a loss grown beyond any use?"""

from collections.abc import Iterator

import numpy as np

from ganoscope.alarms import Alarm, Check
from ganoscope.training.observations import Observations

LARGEST = 1e6
"""Size of a term that no healthy training reaches: losses of images in [-1, 1] and of logits are below 1,000."""
LISTED = 3


def find_exploding_terms(observations: Observations) -> Iterator[Alarm]:
    """Yields an alarm when the median of a term over the latest steps is far beyond that of any healthy training.

    Such a run goes on without an error as long as its numbers are finite, and every picture it makes is worthless.
    """
    columns = {name for row in observations.rows for name in row if "." in name}
    sizes = {
        name: float(np.median([abs(row[name]) for row in observations.rows if name in row])) for name in sorted(columns)
    }
    exploded = {name: size for name, size in sizes.items() if size > LARGEST}
    if exploded:
        worst = sorted(exploded, key=lambda name: -exploded[name])[:LISTED]
        listed = ", ".join(f"{name} {exploded[name]:.2g}" for name in worst)
        yield Alarm(
            "exploding_terms",
            "danger",
            f"{len(exploded)} terms of the loss have exploded, such as {listed} (median of the latest steps): the "
            "networks do not learn any more. Start a new run with a lower learning rate or another seed; images of "
            "this one mean nothing.",
            {name: exploded[name] for name in worst},
        )


CHECK = Check(
    ("exploding_terms",),
    "terms of the loss that explode",
    find_exploding_terms,
    f"median above {LARGEST:,.0f} since the last checkpoint",
    rank=55,
)
