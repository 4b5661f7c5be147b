"""Has the generator collapsed to a few pictures?"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from ganoscope.alarms import Alarm, Check
from ganoscope.training.observations import Observations

MIN_DIVERSITY = 0.5
"""Smallest mean distance between two generated images, relative to that between two real ones."""


def find_collapse(observations: Observations) -> Iterator[Alarm]:
    """Yields an alarm when generated images hardly differ from each other."""
    real, fake = observations.real, observations.fake
    if real is None or fake is None or not observations.settled:
        return
    ratio = compute_mean_distance(fake) / compute_mean_distance(real)
    if ratio < MIN_DIVERSITY:
        yield Alarm(
            "collapsed_diversity",
            "warning",
            f"generated images differ from each other only {ratio:.0%} as much as real ones do: the generator may "
            "have collapsed to a few pictures. Look at the sample grid; start again with another --seed.",
            {"distance_ratio": round(ratio, 4)},
        )


def compute_mean_distance(images: NDArray[np.float32]) -> float:
    """Returns the mean Euclidean distance over all pairs of images of shape (N, H, W), N at least 2."""
    distances = torch.pdist(torch.from_numpy(np.ascontiguousarray(images.reshape(len(images), -1))))
    return float(distances.mean())


CHECK = Check(
    ("collapsed_diversity",),
    "generated images that hardly differ from each other",
    find_collapse,
    f"mean distance below {MIN_DIVERSITY:.0%} of the real images'",
    rank=50,
)
