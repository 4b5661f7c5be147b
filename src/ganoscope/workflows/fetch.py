"""`ganoscope fetch`: downloads a public data set through its own client."""

from dataclasses import asdict
from pathlib import Path

from ganoscope.data.fetch import (
    RECORD,
    FetchConfig,
    FetchError,
    explain_by_hand,
    find_size_faults,
    find_source,
    load_client,
    unpack_all,
)
from ganoscope.errors import UserError, refuse
from ganoscope.files import new_folder, refuse_existing, save_json

DEFAULTS = FetchConfig()


def fetch(name: str, folder: Path, config: FetchConfig = DEFAULTS) -> Path:
    """Downloads and unpacks a data set into a new folder, and returns the folder.

    Args:
        name: One of `ganoscope.data.fetch.available`.
        folder: A new or an empty folder.
        config: Which variant of the set.

    Raises:
        UserError: There is no such set, client, network or account, or not enough room; the message says what to do.
    """
    source = find_source(name)
    refuse(find_size_faults(source, config.size))
    refuse_existing(folder)
    client = load_client(source)
    try:
        session = client.load()
        with new_folder(folder) as partial:
            client.download(session, source, partial, config.size)
            unpack_all(partial)
            save_json(partial / RECORD, asdict(source))
    except FetchError as error:
        raise UserError(f"{name} can't be fetched: {error}\n{explain_by_hand(source, folder, config.size)}") from None
    return folder
