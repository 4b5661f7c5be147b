"""The folder of an unfinished store: resumed after an interruption, published when finished."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path

from ganoscope.data.layouts import DATA_SET_RANK, Layout, find_layout
from ganoscope.data.patients import compile_pattern
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.prepare.facts.table_details import TableDetails, find_details
from ganoscope.data.prepare.finalize import remove_private
from ganoscope.data.prepare.key import publish_key
from ganoscope.data.prepare.listing import Listing, list_source
from ganoscope.data.tables.table_files import find_tables
from ganoscope.data.tables.unread_tables import explaining_tables, tell_unread
from ganoscope.errors import UserError
from ganoscope.files import flush_to_disk, load_json, refuse_existing, refuse_links_below, remove, save_json
from ganoscope.locks import private_folder
from ganoscope.progress import CONSOLE

SEALED = "sealed.json"
"""File of a finished store that is not published yet: the plan that it was made by."""


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
    """Creates the folder of an unfinished store; a new folder is removed after a `UserError`."""
    new = not folder.exists()
    refuse_links_below(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        yield
    except UserError:
        if new:
            remove(folder)
        raise


def make_plan(facts: Mapping[str, str], config: PrepareConfig) -> dict[str, str]:
    """Returns a digest of source and options that identifies an unfinished store without naming anybody."""
    return {"sha256": sha256(json.dumps({**facts, **asdict(config)}, sort_keys=True).encode()).hexdigest()}


def identify(source: Path, folder: Path, config: PrepareConfig) -> tuple[dict[str, str], Listing, str]:
    """Returns the plan that identifies a call, the listing of its source, and the name of the source's layout.

    Args:
        source: Folder to read.
        folder: Where the listing is written.
        config: How to convert the source.

    Raises:
        UserError: The source can't be read as it is, see `list_source` and `tell_unread`.
    """
    layout_name, layout, details = choose_layout(source, config)
    with explaining_tables(source, layout.RANK):
        listing = list_source(source, layout, config, folder, (compile_pattern(config.patient_pattern), details))
    tell_unread(source, (layout_name, layout.RANK), (listing.labels, details.names), bool(config.layout))
    facts = {"source": os.fspath(source.resolve()), "layout": layout_name, "listing": listing.digest}
    return make_plan(facts, config), listing, layout_name


def choose_layout(source: Path, config: PrepareConfig) -> tuple[str, Layout, TableDetails]:
    """Returns name and module of the layout, and what tables without classes say beside it.

    A layout that the user states leaves tables aside, and layouts of data sets know their own.

    Args:
        source: Folder to read.
        config: How to convert the source.

    Raises:
        UserError: There is no layout of the stated name.
    """
    details = TableDetails() if config.layout else find_details(source, config)
    listed = config.states_table and not (details.hold(config) and not find_tables(source, replace(config, table="")))
    name, layout = find_layout(source, config.layout or ("manifest" if listed else ""))
    return name, layout, TableDetails() if layout.RANK == DATA_SET_RANK else details


def is_published(source: Path, store: Path, config: PrepareConfig) -> bool:
    """Removes the seal that a killed process left in a published store; tells whether it was the same call.

    Args:
        source: Folder to read.
        store: Published store that still holds its seal.
        config: How to convert the source.
    """
    with private_folder("listing") as folder:
        plan = identify(source, folder, config)[0]
        same: bool = load_json(store / SEALED) == plan
    remove(store / SEALED)
    return same


def resume(folder: Path, plan: dict[str, str]) -> bool:
    """Keeps the work of an earlier process with the same plan, removes any other; tells whether it is finished."""
    for name in (SEALED, "plan.json"):
        if (folder / name).exists() and load_json(folder / name) == plan:
            return name == SEALED
    stale = [path for path in folder.iterdir() if path.name != "listing.jsonl"]
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
    remove(destination / SEALED)
