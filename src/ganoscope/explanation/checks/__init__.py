"""Checks of heat maps, one per file: weights, effect, empty maps, outlines. The folder is the registry.

A file that exposes `CHECK`, a `Check` on an `Examination`, adds it to `explain` and to the run's report. The other
files compute what checks look at: `randomisation`, `deletion`.
"""

import sys
from typing import TYPE_CHECKING

from ganoscope.alarms import Check, collect_checks

if TYPE_CHECKING:
    from ganoscope.explanation.findings import Examination

CHECKS: "tuple[Check[Examination], ...]"
"""All checks of heat maps, loaded on first use."""


def __getattr__(name: str) -> "tuple[Check[Examination], ...]":
    """Returns `CHECKS`.

    Raises:
        AttributeError: Another name is asked for.
    """
    if name != "CHECKS":
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return collect_checks(sys.modules[__name__])
