"""`ganoscope prepare`: from a source folder to a store: list, decode, group, split, check, publish."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ganoscope.data.layouts import find_layout
from ganoscope.data.patients import compile_pattern, make_salt
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.prepare.decode import Recipe
from ganoscope.data.prepare.decode_all import read_all
from ganoscope.data.prepare.finalize import finish, remove_private
from ganoscope.data.prepare.ingest import Ingest
from ganoscope.data.prepare.key import find_key_path, publish_key
from ganoscope.data.prepare.listing import Listing, spool
from ganoscope.data.prepare.unfinished import claim, make_plan, publish, resume
from ganoscope.data.readers import readers
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.files import refuse_existing, save_json
from ganoscope.progress import CONSOLE

SEARCHED = 500
"""Pictures in which burnt-in text and markers are looked for: all of smaller sets, a random sample of larger ones."""
DEFAULTS = PrepareConfig()


def prepare(
    source: Path, store: Path, config: PrepareConfig = DEFAULTS, *, key: Path | None = None, workers: int = 0
) -> Store:
    """Reads a source into a new store, and returns it. The same call resumes one that was interrupted.

    Args:
        source: Folder to read.
        store: Folder to make.
        config: What to make of it.
        key: Where to write which file and patient stands behind which number; beside the store by default.
        workers: Processes that decode; one per core by default.

    Raises:
        UserError: The source is missing, holds no readable images or too few, or `store` is not empty.
    """
    refuse_source(source)
    refuse_existing(store)
    if store.name in ("", ".."):
        raise UserError(f"destination has no name: got {store}; allowed: a new folder.")
    folder = store.with_name(f".{store.name}.unfinished")
    if not (folder / "sealed.json").exists():
        find_key_path(store, key)
    with claim(folder):
        fill(source, folder, config, workers)
        publish(folder, store, key or store.with_name(f"{store.name}.key.csv"))
    return Store.open(store)


@contextmanager
def check(
    source: Path, config: PrepareConfig = DEFAULTS, *, key: Path | None = None, workers: int = 0
) -> Iterator[Store]:
    """Yields the store that `prepare` would make, in a temporary folder that is removed afterwards.

    Args:
        source: Folder to read.
        config: What to make of it.
        key: Where to write which file stands behind which number; nowhere by default.
        workers: Processes that decode; one per core by default.

    Raises:
        UserError: The source is missing, or holds no readable images or too few.
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
    """Reads a source into an unfinished store, from where an earlier process stopped, and finalizes it.

    Raises:
        UserError: The source holds no readable images, or too few.
    """
    layout_name, layout = find_layout(source, config.layout)
    listing = spool(layout.list_images(source, config), folder / "listing.jsonl")
    refuse_empty(source, listing)
    plan = make_plan({"source": os.fspath(source.resolve()), "layout": layout_name, "listing": listing.digest}, config)
    if resume(folder, plan):
        return
    pattern = compile_pattern(config.patient_pattern) or listing.pattern
    recipe = Recipe(config, config, config, pattern, config.modality, min(1.0, SEARCHED / listing.files))
    ingest = Ingest(folder, config.size)
    resumed = f", going on after {ingest.files:,}" if ingest.files else ""
    CONSOLE.print(f"reading {listing.files:,} files as layout {layout_name}{resumed}")
    try:
        processes = read_all(listing, recipe, ingest, config.size, workers)
        finish(ingest, config, layout_name, make_salt(), processes)
    except UserError:
        shutil.rmtree(folder, ignore_errors=True)  # nothing sound can be made of this source
        raise
    save_json(folder / "sealed.json", plan)


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
