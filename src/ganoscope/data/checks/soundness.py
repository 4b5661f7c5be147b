"""Soundness of a store: all checks on its tables."""

from ganoscope.alarms import Alarm, run_checks
from ganoscope.data.checks.store_tables import read_store_tables
from ganoscope.data.store import Store


def find_alarms(store: Store, patient_conflicts: int = 0, synthetic: int = 0) -> list[Alarm]:
    """Returns every alarm that a store's tables give rise to.

    Args:
        store: A store whose tables are complete.
        patient_conflicts: Number of patient ids under which the source had two persons; only `prepare` can know.
        synthetic: Number of images that were generated according to their files; only `prepare` can know.
    """
    from ganoscope.data.checks import CHECKS  # late: the checks import the tables of this folder

    return run_checks(CHECKS, read_store_tables(store, patient_conflicts, synthetic))
