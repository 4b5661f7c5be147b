"""`ganoscope prepare`: converts a source folder into a store: list, decode, group, split, check, publish."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ganoscope.data.layouts import find_layout
from ganoscope.data.patients import compile_pattern, make_salt
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.prepare.decode import make_recipe
from ganoscope.data.prepare.decode_all import read_all
from ganoscope.data.prepare.finalize import finish, remove_private
from ganoscope.data.prepare.ingest import Ingest
from ganoscope.data.prepare.key import find_key_path, name_key, publish_key
from ganoscope.data.prepare.listing import list_source, refuse_source
from ganoscope.data.prepare.unfinished import claim, make_plan, name_unfinished, publish, resume
from ganoscope.data.prepare.unread_tables import explaining_tables, tell_unread
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.files import save_json
from ganoscope.progress import CONSOLE

DEFAULTS = PrepareConfig()


def prepare(
    source: Path, store: Path, config: PrepareConfig = DEFAULTS, *, key: Path | None = None, workers: int = 0
) -> Store:
    """Reads a source folder into a new store and returns it; repeat the call to resume.

    Args:
        source: Folder to read.
        store: Folder to create.
        config: How to convert the source.
        key: File for the key, which maps numbers in the store to file names and patient ids; beside the store by
            default.
        workers: Number of decoding processes; one per core by default.

    Raises:
        UserError: The source is missing or holds too few readable images, or `store` is not empty.
    """
    refuse_source(source)
    folder = name_unfinished(store)
    if not (folder / "sealed.json").exists():
        find_key_path(store, key)
    with claim(folder):
        fill(source, folder, config, workers)
        publish(folder, store, key or name_key(store))
    return Store.open(store)


@contextmanager
def check(
    source: Path, config: PrepareConfig = DEFAULTS, *, key: Path | None = None, workers: int = 0
) -> Iterator[Store]:
    """Yields the store that `prepare` would create, in a temporary folder that is removed afterwards.

    Args:
        source: Folder to read.
        config: How to convert the source.
        key: File for the key; none is written by default.
        workers: Number of decoding processes; one per core by default.

    Raises:
        UserError: The source is missing or holds too few readable images.
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


def fill(source: Path, folder: Path, config: PrepareConfig, workers: int) -> None:
    """Reads a source folder into an unfinished store, resuming where an earlier process stopped, and finalizes it.

    Args:
        source: Folder to read.
        folder: Unfinished store.
        config: How to convert the source.
        workers: Number of decoding processes; 0 for one per core.

    Raises:
        UserError: The source holds too few readable images.
    """
    layout_name, layout = find_layout(source, config.layout or ("manifest" if config.states_table else ""))
    with explaining_tables(source, layout):
        listing = list_source(source, layout, config, folder, compile_pattern(config.patient_pattern))
    tell_unread(source, (layout_name, layout), listing, bool(config.layout))
    plan = make_plan({"source": os.fspath(source.resolve()), "layout": layout_name, "listing": listing.digest}, config)
    if resume(folder, plan):
        return
    ingest = Ingest(folder, config.size)
    resumed = f", resuming after {ingest.files:,}" if ingest.files else ""
    CONSOLE.print(f"reading {listing.files:,} files as layout {layout_name}{resumed}")
    try:
        processes = read_all(listing, make_recipe(config, listing), ingest, config.size, workers)
        finish(ingest, config, layout_name, make_salt(), processes, listing.formats)
    except UserError:
        shutil.rmtree(folder, ignore_errors=True)  # this source can't give a valid store
        raise
    save_json(folder / "sealed.json", plan)
