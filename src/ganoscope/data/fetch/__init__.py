"""Downloads of public data sets through their own clients. One file per data set in `sources/`, which exposes `SOURCE`.

A download needs the network, the client (`pip install "ganoscope[fetch]"`) and, for Kaggle, an account. Whatever is
missing, the message says how to get the set by hand. Clients and the unpacking lie in `clients/`; they are
imported only when a download starts.
"""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from ganoscope.data.fetch import sources
from ganoscope.errors import UserError
from ganoscope.registry import list_modules, load_module

Client = Literal["kaggle competition", "kaggle dataset", "medmnist"]

SIZES = (28, 64, 128, 224)
"""Image sides in which MedMNIST comes; the first is the default."""
RECORD = ".ganoscope-source.json"
"""Hidden file beside the data: what it is, its licence and what to cite."""


@dataclass(frozen=True)
class Source:
    """A data set that can be fetched.

    Attributes:
        title: What it is called.
        client: Through what it comes.
        key: Its name there.
        page: Where people find it.
        file: What is downloaded by hand.
        licence: As the publisher states it.
        citation: What to cite.
        warning: What to know before using it.
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
    """Side of the images in pixels, for MedMNIST: 28, 64, 128 or 224; 0 for the smallest."""


class FetchError(Exception):
    """A download failed; the message says what is wrong, without what to do by hand."""


def available() -> dict[str, str]:
    """Returns the data sets' names, as they are typed, each with its first line."""
    return {name.replace("_", "-"): line for name, line in list_modules(sources).items()}


def find_source(name: str) -> Source:
    """Returns the data set of that name.

    Raises:
        UserError: There is none.
    """
    if name not in available():
        raise UserError(f"no data set called {name} to fetch; allowed: {', '.join(available())}.")
    module = load_module(sources, name.replace("-", "_"), ("SOURCE",))
    return cast(Source, module.SOURCE)


def describe_source(source: Source) -> str:
    """Returns what to know before a download: what it is, its licence, and what to cite."""
    lines = [source.title, f"page: {source.page}", f"licence: {source.licence}", f"cite: {source.citation}"]
    return "\n".join([*lines, *([f"note: {source.warning}"] if source.warning else [])])


def load_client(source: Source) -> Any:
    """Returns the module of the client that a data set comes through."""
    return importlib.import_module(f"{__name__}.clients.{source.client.split()[0]}")


def find_size_faults(source: Source, size: int) -> Sequence[str]:
    """Returns what is wrong with the size that was asked for."""
    if source.client != "medmnist":
        return (
            [f"--size does not fit {source.title}: got {size}; it comes in one size only. Leave it out."]
            if size
            else []
        )
    if size in (0, *SIZES):
        return []
    return [f"--size is none in which MedMNIST comes: got {size}; allowed: {', '.join(map(str, SIZES))}."]


def unpack_all(folder: Path) -> None:
    """Unpacks every ZIP archive in a folder into it, and removes the archives.

    Raises:
        FetchError: An archive is damaged or unsafe, or there is not enough room.
    """
    from ganoscope.data.fetch.clients.archive import unpack

    for archive in sorted(folder.glob("*.zip")):
        unpack(archive, folder)
        archive.unlink()


def explain_by_hand(source: Source, destination: Path, size: int) -> str:
    """Returns how to get a data set without its client."""
    file = source.file.format(size=f"_{size}" if size > SIZES[0] else "")
    unpacking = "Unpack it into" if file.endswith(".zip") else "Put it into"
    return (
        f"By hand: 1. Visit {source.page}. 2. Download {file}. 3. {unpacking} the new folder {destination}. "
        f"4. `ganoscope prepare {destination} STORE`."
    )
