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
from ganoscope.locks import one_writer

DEFAULTS = FetchConfig()


def fetch(name: str, folder: Path, config: FetchConfig = DEFAULTS) -> Path:
    """Downloads a data set, unpacks it into a new folder and returns the folder.

    Args:
        name: Name of the data set, see `ganoscope.data.fetch.available`.
        folder: New or empty folder.
        config: Variant of the data set.

    Raises:
        UserError: The data set, client, network connection, account or disk space is missing; the message says what to
            do.
    """
    source = find_source(name)
    refuse(find_size_faults(source, config.size))
    refuse_existing(folder)
    client = load_client(source)
    try:
        session = client.load()
        with one_writer(folder), new_folder(folder) as partial:
            client.download(session, source, partial, config.size)
            unpack_all(partial)
            save_json(partial / RECORD, asdict(source))
    except FetchError as error:
        raise UserError(
            f"{name} can't be downloaded: {error}\n{explain_by_hand(source, folder, config.size)}"
        ) from None
    return folder
