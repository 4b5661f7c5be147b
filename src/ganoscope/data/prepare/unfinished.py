"""The folder of an unfinished store: locked by one process, resumed after an interruption, published when finished."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from filelock import FileLock, Timeout

from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.prepare.finalize import LOCK, remove_private
from ganoscope.data.prepare.key import publish_key
from ganoscope.errors import UserError
from ganoscope.files import flush_to_disk, load_json, refuse_existing, refuse_links_below, remove, save_json
from ganoscope.progress import CONSOLE


def name_unfinished(store: Path) -> Path:
    """Returns the hidden folder in which a store is written until it is finished.

    Raises:
        UserError: The destination is not empty, or has no name, such as `.`.
    """
    refuse_existing(store)
    if store.name in ("", ".."):
        raise UserError(f"destination has no name: got {store}; allowed: a new folder.")
    return store.with_name(f".{store.name}.unfinished")


@contextmanager
def claim(folder: Path) -> Iterator[None]:
    """Creates and locks the folder of an unfinished store; a new folder is removed after a `UserError`.

    Raises:
        UserError: Another process is writing to the folder.
    """
    new = not folder.exists()
    refuse_links_below(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise UserError(
            f"another process is writing to {folder}; allowed: one at a time. Wait, or name another destination."
        ) from None
    try:
        yield
    except UserError:
        if new:
            remove(folder)
        raise
    finally:
        lock.release()


def make_plan(facts: Mapping[str, str], config: PrepareConfig) -> dict[str, str]:
    """Returns a digest of source and options that identifies an unfinished store without naming anybody."""
    return {"sha256": sha256(json.dumps({**facts, **asdict(config)}, sort_keys=True).encode()).hexdigest()}


def resume(folder: Path, plan: dict[str, str]) -> bool:
    """Keeps the work of an earlier process with the same plan, removes any other; tells whether it is finished."""
    for name in ("sealed.json", "plan.json"):
        if (folder / name).exists() and load_json(folder / name) == plan:
            return name == "sealed.json"
    stale = [path for path in folder.iterdir() if path.name not in ("listing.jsonl", LOCK)]
    if stale:
        CONSOLE.print("the source or the options have changed since the interrupted run: starting again")
    for path in stale:
        remove(path)
    save_json(folder / "plan.json", plan)
    return False


def publish(folder: Path, destination: Path, key_path: Path) -> None:
    """Removes the private files from a finished store and moves it to its destination.

    Args:
        folder: Finished store under its hidden name.
        destination: Folder of the store: missing or empty.
        key_path: Destination of the key.
    """
    remove_private(folder)
    for path in folder.iterdir():
        flush_to_disk(path)
    publish_key(folder, key_path)
    folder.chmod(0o755)
    if destination.exists():
        destination.rmdir()  # empty: checked before
    folder.replace(destination)
    remove(destination / "sealed.json")
