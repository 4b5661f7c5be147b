"""A store: images, their manifest and intensity map."""

from ganoscope.data.store.sample import COLUMNS, QUARANTINE_COLUMNS, Sample
from ganoscope.data.store.store import Store, StoreWriter

__all__ = ["COLUMNS", "QUARANTINE_COLUMNS", "Sample", "Store", "StoreWriter"]
