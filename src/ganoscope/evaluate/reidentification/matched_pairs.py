"""Threshold of likeness from pairs of different patients that are alike in class and view."""

import numpy as np
from numpy.typing import NDArray

from ganoscope.evaluate.reidentification.nearest_patient import Embedded, Floats, compare_in_blocks

FALSE_MATCHES = 0.05
"""Training images that an image of another patient passes the threshold for, on average."""
MOST_HELD_OUT, MOST_MEMBERS = 1000, 5000
"""Images of a kind that the threshold is taken from, evenly spaced where there are more."""


def find_thresholds(members: Embedded, held_out: Embedded) -> dict[str, float]:
    """Returns the threshold of each kind that both sets have: held-out images pass it for 0.05 training images of it.

    The likeness of all pairs of one held-out and one training image of the kind is sorted; none is of one patient.

    Args:
        members: Training images.
        held_out: Images of other patients.
    """
    thresholds, kinds, held_out_kinds = {}, members.kinds, held_out.kinds
    for kind in np.intersect1d(kinds, held_out_kinds):
        first = thin(held_out.embeddings[held_out_kinds == kind], MOST_HELD_OUT)
        second = members.embeddings[kinds == kind]
        values = first @ thin(second, MOST_MEMBERS).T
        thresholds[str(kind)] = float(np.quantile(values, max(0.0, 1 - FALSE_MATCHES / len(second))))
    return thresholds


def thin(values: Floats, most: int) -> Floats:
    """Returns at most `most` rows, evenly spaced."""
    return values if len(values) <= most else values[np.linspace(0, len(values) - 1, most).round().astype(np.int64)]


def pass_thresholds(
    embeddings: Floats, members: Embedded, thresholds: dict[str, float], classes: NDArray[np.str_] | None
) -> NDArray[np.bool_]:
    """Returns which images pass the threshold of a training image that may be of their class, shape (N,).

    Args:
        embeddings: Unit length, shape (N, D).
        members: Training images.
        thresholds: Threshold of each kind, see `find_thresholds`.
        classes: Class of each image, shape (N,); None where it is not known: then all training images are compared.
    """
    limit = np.array([thresholds.get(kind, np.inf) for kind in members.kinds.tolist()])
    passed = np.zeros(len(embeddings), bool)
    for rows, values in compare_in_blocks(embeddings, members.embeddings):
        above = values > limit
        if classes is not None:
            above &= classes[rows][:, None] == members.classes
        passed[rows] = above.any(axis=1)
    return passed
