"""Whether training and held-out patients differ by themselves, such as two hospitals do.

Where they do, synthetic images are more like training patients without having kept any of them: no test can tell.
"""

import numpy as np
from numpy.typing import NDArray

from ganoscope.evaluate.reidentification.nearest_patient import Floats, Gallery, compare_in_blocks
from ganoscope.seeds import Stream, stream

DIVISIONS = 999
"""Random divisions of the patients that the real one is compared with."""
MOST_IMAGES = 2000
"""Images whose nearest other patient is looked for, at most, evenly spaced."""


def find_neighbours(gallery: Gallery) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Returns (patient, nearest other patient) of the images of a gallery, shape (n,) both."""
    count = len(gallery.patients)
    chosen = np.unique(np.linspace(0, count - 1, min(count, MOST_IMAGES)).round().astype(np.int64))
    own = gallery.patients[chosen]
    nearest = np.zeros(len(chosen), np.int64)
    for rows, likeness in compare_in_blocks(gallery.embeddings[chosen], gallery.embeddings):
        likeness[own[rows, None] == gallery.patients] = -np.inf
        nearest[rows] = gallery.patients[likeness.argmax(axis=1)]
    return own, nearest


def compare_sets(gallery: Gallery, seed: int) -> float:
    """Returns the p-value of the nearest other patient belonging to the same set as often as it does.

    The patients are divided at random into sets of the same sizes, again and again.

    Args:
        gallery: Training and held-out images.
        seed: Seed of the divisions.

    Source: Schilling 1986, "Multivariate Two-Sample Tests Based on Nearest Neighbors",
        https://doi.org/10.1080/01621459.1986.10478337
    Differs: patients are exchanged, not images, and one nearest neighbour counts.
    """
    own, nearest = find_neighbours(gallery)
    member = np.arange(int(gallery.patients.max()) + 1) < gallery.member_patients
    random = stream(seed, Stream.SET_DIVISIONS)
    shares: Floats = np.array([share(random.permutation(member), own, nearest) for _ in range(DIVISIONS)])
    return float((1 + (shares >= share(member, own, nearest)).sum()) / (1 + DIVISIONS))


def share(member: NDArray[np.bool_], own: NDArray[np.int64], nearest: NDArray[np.int64]) -> float:
    """Returns how many images have their nearest other patient in their own set, as a share.

    Args:
        member: Whether each patient is a training patient, shape (patients,).
        own: Patient of each image, shape (n,).
        nearest: Its nearest other patient, shape (n,).
    """
    return float((member[own] == member[nearest]).mean())
