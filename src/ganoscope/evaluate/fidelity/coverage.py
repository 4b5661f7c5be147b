"""Coverage: share of real images with a generated one nearby, see `ganoscope.evaluate.neighbourhoods`."""

from ganoscope.contracts import Measured, Need
from ganoscope.evaluate.comparison import Comparison
from ganoscope.evaluate.neighbourhoods import measure_share

NAME = "coverage"
NEEDS: frozenset[Need] = frozenset({"generated", "training", "extractor"})


def measure(evidence: Comparison) -> Measured:
    """Returns the coverage of generated images; its floor is that of real images of other patients.

    Args:
        evidence: Holds generated and training images and an extractor; held-out images where there are any.

    Raises:
        UserError: Something is missing, the sets are too small, or the extractor does not fit the store.
    """
    return measure_share(NAME, evidence)
