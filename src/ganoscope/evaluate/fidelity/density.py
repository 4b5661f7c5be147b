"""Density: how deep generated images lie among real ones, see `ganoscope.evaluate.neighbourhoods`."""

from ganoscope.contracts import Measured, Need
from ganoscope.evaluate.comparison import Comparison
from ganoscope.evaluate.neighbourhoods import measure_share

NAME = "density"
NEEDS: frozenset[Need] = frozenset({"generated", "training", "extractor"})


def measure(evidence: Comparison) -> Measured:
    """Returns the density of generated images; its floor is that of real images of other patients.

    Args:
        evidence: Holds generated and training images and an extractor; held-out images where there are any.

    Raises:
        UserError: Something is missing, the sets are too small, or the extractor does not fit the store.
    """
    return measure_share(NAME, evidence)
