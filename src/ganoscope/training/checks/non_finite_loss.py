"""Has a loss become infinite or not a number?"""

from collections.abc import Iterator

from ganoscope.alarms import Alarm, Check
from ganoscope.training.observations import Observations


def find_non_finite_loss(observations: Observations) -> Iterator[Alarm]:
    """Yields an alarm when the training was stopped by a loss that is not finite."""
    if observations.fault:
        yield Alarm("non_finite_loss", "danger", observations.fault)


CHECK = Check(
    ("non_finite_loss",), "a loss that is not finite, which stops the training", find_non_finite_loss, rank=60
)
