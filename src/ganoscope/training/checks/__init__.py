"""Checks of a training run, one per file: domination, collapse, silent gradients. The folder is the registry.

A file that exposes `CHECK`, a `Check` on `Observations`, adds it to every checkpoint and to the run's report.
"""

import sys

from ganoscope.alarms import Check, collect_checks
from ganoscope.training.observations import Observations

CHECKS: tuple[Check[Observations], ...]
"""All checks of a training run, loaded on first use."""


def __getattr__(name: str) -> tuple[Check[Observations], ...]:
    """Returns `CHECKS`.

    Raises:
        AttributeError: Another name is asked for.
    """
    if name != "CHECKS":
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return collect_checks(sys.modules[__name__])
