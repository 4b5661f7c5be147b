"""The faults of an audit as alarms, for the page of the run that it is about."""

from collections.abc import Iterator

from ganoscope.alarms import Alarm, Check
from ganoscope.audits.over_training import LEAKS
from ganoscope.audits.scorecard import Scorecard


def find_faults(scorecard: Scorecard) -> Iterator[Alarm]:
    """Yields an alarm for every leak or other fault that an audit shows."""
    for entry in scorecard.entries:
        if entry.outcome == "fault":
            yield Alarm(f"audited_{entry.name}", "danger" if entry.name in LEAKS else "warning", entry.verdict)


FAULT_CHECK = Check(("audited_*",), "leaks and other faults that an audit shows", find_faults)
