"""Clipped density: how far generated images look like real ones, robust to outliers."""

from ganoscope.contracts import Measured, Need
from ganoscope.evaluate.clipped_neighbourhoods import compute_clipped_density
from ganoscope.evaluate.comparison import Comparison
from ganoscope.evaluate.neighbourhoods import measure_at_equal_size

NAME = "clipped_density"
NEEDS: frozenset[Need] = frozenset({"generated", "training", "extractor"})


def measure(evidence: Comparison) -> Measured:
    """Returns the clipped density of generated images; its floor is that of real images of other patients.

    Args:
        evidence: Holds generated and training images and an extractor; held-out images where there are any.

    Raises:
        UserError: Something is missing, the sets are too small, or the extractor does not fit the store.
    """
    return measure_at_equal_size(compute_clipped_density, evidence)
