"""Checks of a store: duplicates, leaks between splits, labels, sizes, markers, shortcuts. The folder is the registry.

A file that exposes `CHECK` or `CHECKS` (each a `Check` on `StoreTables`) adds its checks to `prepare` and to the page
of `inspect`. The other files compute what checks look at: `thumbnails`, `duplicates`, `nearest`, `copies`.
"""

import sys

from ganoscope.alarms import Check, collect_checks
from ganoscope.data.checks.store_tables import StoreTables

CHECKS: tuple[Check[StoreTables], ...]
"""All checks of a store, loaded on first use."""


def __getattr__(name: str) -> tuple[Check[StoreTables], ...]:
    """Returns `CHECKS`.

    Raises:
        AttributeError: Another name is asked for.
    """
    if name != "CHECKS":
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return collect_checks(sys.modules[__name__])
