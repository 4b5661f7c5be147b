"""Downloads of public data sets through their own clients. One file per data set in `sources/`, which exposes `SOURCE`.

A download needs a network connection, the client (`pip install "ganoscope[fetch]"`) and, for Kaggle, an account. If one
of them is missing, the message explains how to download the set by hand. The clients and the unpacking are in
`clients/`; they are imported only when a download starts.

"""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from ganoscope.data.fetch import sources
from ganoscope.errors import UserError
from ganoscope.files import remove
from ganoscope.files.field_types import fit_fields
from ganoscope.registry import list_modules, load_module

Client = Literal["kaggle competition", "kaggle dataset", "medmnist"]

SIZES = (28, 64, 128, 224)
"""Image sizes of MedMNIST in pixels; the first is the default."""
RECORD = ".ganoscope-source.json"
"""Hidden file beside the data: title, licence and citation."""


@dataclass(frozen=True)
class Source:
    """A data set that can be fetched.

    Attributes:
        title: Name and a short description.
        client: Client that downloads it.
        key: Name of the data set in that client.
        page: Web page of the data set.
        file: Name of the file to download by hand.
        licence: Licence as the publisher states it.
        citation: Publications to cite.
        warning: Known problems of the data set.
    """

    title: str
    client: Client
    key: str
    page: str
    file: str
    licence: str
    citation: str
    warning: str = ""


@dataclass(frozen=True)
class FetchConfig:
    """Which variant of a data set to download."""

    size: int = 0
    """Image size in pixels (MedMNIST only): 28, 64, 128 or 224; 0 for the smallest."""

    def __post_init__(self) -> None:
        """Checks the types.

        Raises:
            UserError: A value has another type.
        """
        fit_fields(self)


class FetchError(Exception):
    """A failed download; the message gives the reason, but not the steps to download by hand."""


def available() -> dict[str, str]:
    """Returns the names of the data sets as typed on the command line, each with its one-line description."""
    return {name.replace("_", "-"): line for name, line in list_modules(sources).items()}


def find_source(name: str) -> Source:
    """Returns the data set of that name.

    Raises:
        UserError: There is no such data set.
    """
    if name not in available():
        raise UserError(f"no data set called {name} to fetch; allowed: {', '.join(available())}.")
    module = load_module(sources, name.replace("-", "_"), ("SOURCE",))
    return cast(Source, module.SOURCE)


def describe_source(source: Source) -> str:
    """Returns what a user should know before a download: title, page, licence, citation and warnings."""
    lines = [source.title, f"page: {source.page}", f"licence: {source.licence}", f"cite: {source.citation}"]
    return "\n".join([*lines, *([f"note: {source.warning}"] if source.warning else [])])


def load_client(source: Source) -> Any:
    """Returns the module of the client that downloads a data set."""
    return importlib.import_module(f"{__name__}.clients.{source.client.split()[0]}")


def find_size_faults(source: Source, size: int) -> Sequence[str]:
    """Returns the faults of the requested image size; empty where it is available."""
    if source.client != "medmnist":
        return (
            [f"--size does not apply to {source.title}: got {size}; it is available in one size only. Omit --size."]
            if size
            else []
        )
    if size in (0, *SIZES):
        return []
    return [f"--size is not available from MedMNIST: got {size}; allowed: {', '.join(map(str, SIZES))}."]


def unpack_all(folder: Path) -> None:
    """Unpacks every ZIP archive in a folder into it, and removes the archives.

    Raises:
        FetchError: An archive is damaged or unsafe, or there is not enough room.
    """
    from ganoscope.data.fetch.clients.archive import unpack

    for archive in sorted(folder.glob("*.zip")):
        unpack(archive, folder)
        remove(archive)


def explain_by_hand(source: Source, destination: Path, size: int) -> str:
    """Returns instructions for downloading a data set without its client.

    Args:
        source: Data set.
        destination: Folder to put it into.
        size: Image size in pixels (MedMNIST only); 0 for the smallest.
    """
    file = source.file.format(size=f"_{size}" if size > SIZES[0] else "")
    unpacking = "Unpack it into" if file.endswith(".zip") else "Put it into"
    return (
        f"By hand: 1. Visit {source.page}. 2. Download {file}. 3. {unpacking} the new folder {destination}. "
        f"4. `ganoscope prepare {destination} STORE`."
    )
