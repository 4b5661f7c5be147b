"""Distance to the nearest released image: no evidence alone, since simple images are near to everything.

Source: why it says nothing about privacy: Yao et al. 2025, "The DCR Delusion", https://arxiv.org/abs/2505.01524
"""

import numpy as np
from numpy.typing import NDArray

from ganoscope.evaluate.attacks.nearest_images import estimate_log_density
from ganoscope.evaluate.attacks.suspects import Exposed, Suspects

NAME = "nearest_distance"
THREAT = "the attacker has the released images"
NEEDS = frozenset({"distances"})
COUNTS = False
THOROUGH = False


def score(suspects: Suspects, exposed: Exposed) -> NDArray[np.float64]:
    """Returns minus the log distance of each suspect from the nearest synthetic image, shape (N,).

    Args:
        suspects: Real images.
        exposed: Holds the distances.
    """
    assert exposed.distances is not None
    return estimate_log_density(exposed.distances.synthetic[:, :, 0])
