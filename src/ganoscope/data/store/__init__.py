"""A store: images that are memory-mapped, their manifest, and what both mean."""

from ganoscope.data.store.store import COLUMNS, QUARANTINE_COLUMNS, Sample, Store, StoreWriter

__all__ = ["COLUMNS", "QUARANTINE_COLUMNS", "Sample", "Store", "StoreWriter"]
