"""Density of the released images at an image, against that of real images of other patients.

Source: log-ratio of the densities of synthetic and of reference images: van Breugel et al. 2023, "Membership Inference
    Attacks against Synthetic Data through Overfitting Detection", eq. 2, https://arxiv.org/abs/2302.12580
Differs: densities by nearest neighbours. That of the synthetic images takes the nearest alone, as a single copy leaks.
"""

import numpy as np
from numpy.typing import NDArray

from ganoscope.evaluate.attacks.nearest_images import NEAREST, estimate_log_density
from ganoscope.evaluate.attacks.suspects import Exposed, Suspects

NAME = "density_ratio"
THREAT = "the attacker has the released images, and real images of other patients of the same kind"
NEEDS = frozenset({"distances"})
COUNTS = True
THOROUGH = False


def score(suspects: Suspects, exposed: Exposed) -> NDArray[np.float64]:
    """Returns log density of synthetic images minus that of real ones of other patients, at each suspect, shape (N,).

    Args:
        suspects: Real images.
        exposed: Holds the distances.
    """
    assert exposed.distances is not None
    distances = exposed.distances
    last = min(NEAREST, distances.real.shape[2]) - 1
    return estimate_log_density(distances.synthetic[:, :, 0]) - estimate_log_density(distances.real[:, :, last])
