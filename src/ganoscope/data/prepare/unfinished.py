"""The folder of an unfinished store: one process at a time, picked up where an earlier one stopped, then published."""

import json
import shutil
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
from ganoscope.files import flush_to_disk, load_json, save_json
from ganoscope.progress import CONSOLE


@contextmanager
def claim(folder: Path) -> Iterator[None]:
    """Makes the folder of an unfinished store and keeps other processes out of it; after a refusal a new one goes.

    Raises:
        UserError: Another process fills it.
    """
    new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise UserError(
            f"another call is filling {folder}; allowed: one at a time. Wait for it, or name another destination."
        ) from None
    try:
        yield
    except UserError:
        if new:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        lock.release()


def make_plan(facts: Mapping[str, str], config: PrepareConfig) -> dict[str, str]:
    """Returns what tells whether an unfinished store is of the same source and options: a digest that names nobody."""
    return {"sha256": sha256(json.dumps({**facts, **asdict(config)}, sort_keys=True).encode()).hexdigest()}


def resume(folder: Path, plan: dict[str, str]) -> bool:
    """Keeps what an earlier process did with the same plan, removes anything else; tells whether all is done."""
    for name in ("sealed.json", "plan.json"):
        if (folder / name).exists() and load_json(folder / name) == plan:
            return name == "sealed.json"
    stale = [path for path in folder.iterdir() if path.name not in ("listing.jsonl", LOCK)]
    if stale:
        CONSOLE.print("the source or the options have changed since an unfinished call: starting anew")
    for path in stale:
        path.unlink()
    save_json(folder / "plan.json", plan)
    return False


def publish(folder: Path, destination: Path, key_path: Path) -> None:
    """Takes what is private out of a sealed store, and gives it its name."""
    remove_private(folder)
    for path in folder.iterdir():
        flush_to_disk(path)
    publish_key(folder, key_path)
    folder.chmod(0o755)
    if destination.exists():
        destination.rmdir()  # empty: checked before
    folder.replace(destination)
    (destination / "sealed.json").unlink()
