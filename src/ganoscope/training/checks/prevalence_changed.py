"""Does drawing all classes equally often change their shares?"""

from collections.abc import Iterator

import numpy as np

from ganoscope.alarms import Alarm, Check
from ganoscope.training.observations import Observations

MAX_PREVALENCE_CHANGE = 0.01
"""Largest change of a class's share among the training images that is not worth an alarm."""
NAMED, LISTED = 10, 100
"""Most classes that the message and the evidence list."""


def find_changed_prevalence(observations: Observations) -> Iterator[Alarm]:
    """Yields an alarm when drawing all classes equally often changes their shares.

    It is only a note where the generator is conditioned on the class: images can then be generated at the data's
    shares.
    """
    labels, conditional = observations.balanced_labels, observations.conditional
    if labels is None:
        return
    names, counts = np.unique(labels, return_counts=True)
    changes = 1 / len(names) - counts / len(labels)
    if np.abs(changes).max() <= MAX_PREVALENCE_CHANGE:
        return
    shares = [f"{name}: {count / len(labels):.1%}" for name, count in zip(names, counts, strict=True)]
    repeats = float(counts.max() / counts.min())
    consequence = "" if conditional else "generated images do not have the prevalence of the data. "
    yield Alarm(
        "prevalence_changed",
        "note" if conditional else "warning",
        f"classes are drawn equally often, {1 / len(names):.1%} each, but they are not equally frequent in the "
        f"training images ({', '.join(shares[:NAMED])}): {consequence}An image of {names[counts.argmin()]} is shown "
        f"{repeats:.3g} times as often as one of {names[counts.argmax()]}, so look for copies of it among the "
        "generated ones.",
        {"shares": shares[:LISTED], "drawn_share": round(1 / len(names), 4), "repeats": round(repeats, 3)},
    )


CHECK = Check(
    ("prevalence_changed",),
    "classes that are drawn equally often, but are not equally frequent in the data",
    find_changed_prevalence,
    f"a share that changes by more than {MAX_PREVALENCE_CHANGE:.0%}",
    rank=10,
)
