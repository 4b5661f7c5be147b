"""The store that a study or a bank was designed for, and no other."""

from ganoscope.data.store import Store
from ganoscope.errors import UserError


def open_same(path: str, fingerprint: str, purpose: str) -> Store:
    """Returns a store, and refuses one that is no longer the store of the design.

    Args:
        path: Folder of the store.
        fingerprint: Fingerprint of the store of the design.
        purpose: What was designed: `study` or `bank`.

    Raises:
        UserError: Its fingerprint differs.
    """
    store = Store.open(path)
    if store.fingerprint != fingerprint:
        raise UserError(
            f"store {path} is not the one that the {purpose} was designed for: its fingerprint is "
            f"{store.fingerprint[:12]}, allowed: {fingerprint[:12]}. Name that store, or begin a new {purpose}."
        )
    return store
