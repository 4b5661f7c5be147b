"""Density of a model's released images at an image, compared with that under models that have not seen it."""

import numpy as np
from numpy.typing import NDArray

from ganoscope.evaluate.attacks.likelihood_ratio import compare_with_shadows
from ganoscope.evaluate.attacks.suspects import Exposed, Suspects

NAME = "shadow_density"
THREAT = "the attacker has the released images, and trains models of the same kind on other patients"
NEEDS = frozenset({"shadow_density"})
COUNTS = True
THOROUGH = False


def score(suspects: Suspects, exposed: Exposed) -> NDArray[np.float64]:
    """Returns the log likelihood ratio of each suspect under the audited generator, shape (N,).

    Args:
        suspects: Real images.
        exposed: Holds the statistics under shadow models.
    """
    assert exposed.shadow_density is not None
    return compare_with_shadows(exposed.shadow_density)
