"""`ganoscope prepare`: converts a source folder into a store: list, decode, group, split, check, publish."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ganoscope.data.patients import make_salt
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.prepare.decode import make_recipe
from ganoscope.data.prepare.decode_all import read_all
from ganoscope.data.prepare.finalize import finish, remove_private
from ganoscope.data.prepare.ingest import Ingest
from ganoscope.data.prepare.key import find_key_path, name_key, publish_key
from ganoscope.data.prepare.listing import refuse_source
from ganoscope.data.prepare.unfinished import (
    SEALED,
    claim,
    identify,
    is_published,
    name_unfinished,
    publish,
    resume,
)
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.files import remove, save_json
from ganoscope.files.records import DAMAGE
from ganoscope.locks import one_writer, private_folder
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
    with one_writer(store):
        if (store / SEALED).exists() and is_published(source, store, config):
            return Store.open(store)
        folder = name_unfinished(store)
        if not (folder / SEALED).exists():
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
    with private_folder("check") as place:
        folder = place / "store"
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
    plan, listing, layout_name = identify(source, folder, config)
    if resume(folder, plan):
        return
    ingest = Ingest(folder, config.size)
    begun = ingest.files
    resumed = f", resuming after {begun:,}" if begun else ""
    CONSOLE.print(f"reading {listing.files:,} files as layout {layout_name}{resumed}")
    try:
        processes = read_all(listing, make_recipe(config, listing), ingest, config.size, workers)
        if unit := ingest.find_better_unit():
            CONSOLE.print(f"most pictures are {unit}, unlike the first: reading them again")
            ingest = ingest.restart(unit)
            read_all(listing, make_recipe(config, listing), ingest, config.size, workers)
        finish(ingest, config, layout_name, make_salt(), processes, listing)
    except UserError:
        remove(folder)  # this source can't give a valid store
        raise
    except DAMAGE as error:
        if not begun:
            raise
        fault = f"the unfinished store {folder} is damaged: {type(error).__name__}: {error}"[:300]
        raise UserError(f"{fault}. Remove that folder, and run the same command again.") from None
    save_json(folder / SEALED, plan)
