"""A store: memory-mapped images, their manifest and intensity map."""

from ganoscope.data.store.store import COLUMNS, QUARANTINE_COLUMNS, Sample, Store, StoreWriter

__all__ = ["COLUMNS", "QUARANTINE_COLUMNS", "Sample", "Store", "StoreWriter"]
