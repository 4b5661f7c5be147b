"""Soundness of a store: all checks on its tables."""

from ganoscope.alarms import Alarm, run_checks
from ganoscope.data.checks.store_tables import UNKNOWN_SOURCE, SourceFacts, read_store_tables
from ganoscope.data.store import Store


def find_alarms(store: Store, source: SourceFacts = UNKNOWN_SOURCE) -> list[Alarm]:
    """Returns every alarm that the tables of a complete store, and facts about its source, give rise to."""
    from ganoscope.data.checks import CHECKS  # late: the checks import the tables of this folder

    return run_checks(CHECKS, read_store_tables(store, source))
