"""From a source folder to a store: list, decode, group, split, check, write."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from hashlib import sha256
from itertools import chain, groupby
from pathlib import Path

from filelock import FileLock, Timeout

from ganoscope.data.layouts import find_layout
from ganoscope.data.parallel import FEW, count_cores, make_chunks, map_in_order
from ganoscope.data.patients import compile_pattern, make_salt
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.prepare.decode import Recipe, Result, decode_entry, decode_in_parts, holds_many
from ganoscope.data.prepare.ingest import Ingest
from ganoscope.data.prepare.key import find_key_path, publish_key
from ganoscope.data.prepare.listing import Listing, iterate, spool
from ganoscope.data.prepare.seal import LOCK, finish, remove_private
from ganoscope.data.readers import readers
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.files import flush_to_disk, load_json, refuse_existing, save_json
from ganoscope.progress import CONSOLE, ProgressBar

__all__ = ["PrepareConfig", "check", "prepare"]

SEARCHED = 500
"""Pictures in which burnt-in text and markers are looked for: all of smaller sets, a random sample of larger ones."""

BATCH_BYTES, MOST_TOGETHER = 3 << 20, 128
"""Length of the files that travel to a worker together, and their number at most: some 50 to 100 ms of work."""


def prepare(source: Path, destination: Path, config: PrepareConfig, key: Path | None = None, workers: int = 0) -> Store:
    """Reads a source into a new store, and returns it. A call that was killed is gone on with by the same call.

    Args:
        source: Folder to read.
        destination: Folder to make.
        config: What to make of it.
        key: Where to write which file and patient stands behind which number; beside the store by default.
        workers: Processes that decode; one per core by default.

    Raises:
        UserError: The source is missing, holds no readable images or too few, or `destination` is not empty.
    """
    refuse_source(source)
    refuse_existing(destination)
    if destination.name in ("", ".."):
        raise UserError(f"destination has no name: got {destination}; allowed: a new folder.")
    folder = destination.with_name(f".{destination.name}.unfinished")
    if not (folder / "sealed.json").exists():
        find_key_path(destination, key)
    key_path = key or destination.with_name(f"{destination.name}.key.csv")
    with claim(folder):
        fill(source, folder, config, workers)
        publish(folder, destination, key_path)
    return Store.open(destination)


@contextmanager
def check(source: Path, config: PrepareConfig, key: Path | None = None, workers: int = 0) -> Iterator[Store]:
    """Yields the store that `prepare` would make, in a temporary folder that is removed afterwards.

    Args:
        source: Folder to read.
        config: What to make of it.
        key: Where to write which file stands behind which number; nowhere by default.
        workers: Processes that decode; one per core by default.
    """
    refuse_source(source)
    with tempfile.TemporaryDirectory(prefix="ganoscope-check-") as name:
        folder = Path(name) / "store"
        if key:
            find_key_path(folder, key)
        with claim(folder):
            fill(source, folder, config, workers)
        remove_private(folder)
        if key:
            publish_key(folder, key)
        yield Store.open(folder)


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


def fill(source: Path, folder: Path, config: PrepareConfig, workers: int) -> None:
    """Reads a source into an unfinished store, from where an earlier process stopped, and seals it."""
    layout_name, layout = find_layout(source, config.layout)
    listing = spool(layout.list_images(source, config), folder / "listing.jsonl")
    refuse_empty(source, listing)
    plan = make_plan({"source": os.fspath(source.resolve()), "layout": layout_name, "listing": listing.digest}, config)
    if resume(folder, plan):
        return
    pattern = compile_pattern(config.patient_pattern) or listing.pattern
    recipe = Recipe(config, config, config, pattern, config.modality, min(1.0, SEARCHED / listing.files))
    ingest = Ingest(folder, config.size)
    going_on = f", going on after {ingest.files:,}" if ingest.files else ""
    CONSOLE.print(f"reading {listing.files:,} files as layout {layout_name}{going_on}")
    try:
        processes, batch = choose_workers(listing, config.size, workers)
        lines = iterate(listing.path, ingest.entries)
        with ProgressBar("reading", listing.files, ingest.files) as bar:
            for results in make_chunks(decode_all(lines, recipe, processes, batch), batch):
                for result in results:
                    ingest.take(result)
                bar.advance(sum(result.files for result in results))
        finish(ingest, config, layout_name, make_salt(), processes)
    except UserError:
        shutil.rmtree(folder, ignore_errors=True)  # nothing sound can be made of this source
        raise
    save_json(folder / "sealed.json", plan)


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


def choose_workers(listing: Listing, size: int, wanted: int) -> tuple[int, int]:
    """Returns (processes that decode, entries that travel together): fewer of large files, and series one by one."""
    if wanted < 0:
        raise UserError(f"--workers must not be negative: got {wanted}; allowed: 1 or more, or 0 for one per core.")
    workers = wanted or (count_cores() if listing.files > FEW else 1)
    series = listing.files > 2 * listing.entries
    fitting = BATCH_BYTES * listing.files // max(1, listing.size)
    return workers, 1 if series else max(1, min(fitting, 2**21 // size**2, MOST_TOGETHER))


def decode_all(lines: Iterable[str], recipe: Recipe, workers: int, batch: int) -> Iterator[Result]:
    """Yields the results in order, decoded by several processes, with few of them waiting at a time."""
    for many, run in groupby(lines, key=holds_many):
        if many:
            yield from chain.from_iterable(decode_in_parts(line, recipe) for line in run)
        else:
            yield from map_in_order(partial(decode_entry, recipe=recipe), run, workers, batch)


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


def refuse_source(source: Path) -> None:
    """Refuses a source that is no folder."""
    if not source.exists():
        raise UserError(f"source {source} does not exist. Check the path; it is read from {Path.cwd()}.")
    if not source.is_dir():
        raise UserError(f"source {source} is a file; allowed: a folder of images. Unpack archives first.")


def refuse_empty(source: Path, listing: Listing) -> None:
    """Refuses a source without files."""
    if not listing.files:
        shutil.rmtree(listing.path.parent, ignore_errors=True)
        raise UserError(f"source {source} holds no files; allowed: a folder with {', '.join(readers())} images.")
