"""MedMNIST's own client (https://github.com/MedMNIST/MedMNIST), an optional extra, for addresses and checksums.

The file is downloaded here: the client's own `download` needs torchvision and hides the reasons for failures.
"""

import contextlib
import hashlib
import importlib
import io
import shutil
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from ganoscope.data.fetch import SIZES, FetchError, Source
from ganoscope.progress import timed

TIMEOUT_SECONDS = 60
BLOCK = 1 << 20


def load() -> Any:
    """Returns the client's table of data sets.

    Raises:
        FetchError: The client is not installed.
    """
    with contextlib.redirect_stdout(io.StringIO()):  # it prints advice where optional parts can't be imported
        try:
            return importlib.import_module("medmnist").INFO
        except ImportError as error:
            remedy = 'Run `pip install "ganoscope[fetch]"`.'
            raise FetchError(f"MedMNIST's client is missing ({error}). {remedy}") from None


def download(table: Any, source: Source, folder: Path, size: int) -> None:
    """Downloads the `.npz` file of a data set and compares it with the checksum in the client.

    Args:
        table: The client's table of data sets.
        source: Data set.
        folder: Folder to download into.
        size: Image size in pixels; 0 for the smallest.

    Raises:
        FetchError: There is no network connection, not enough disk space, or the checksum differs.
    """
    flag = f"_{size}" if size > SIZES[0] else ""
    info = table.get(source.key, {})
    address, checksum = info.get(f"url{flag}", ""), info.get(f"MD5{flag}", "")
    if not address.startswith("https://") or not checksum:
        unknown = f"this version of MedMNIST's client does not know {source.key}{flag}"
        raise FetchError(f"{unknown}. Run `pip install -U medmnist`.")
    target = folder / f"{source.key}{flag}.npz"
    try:
        with timed(f"downloading {target.name}"):
            found = copy(address, target)
    except urllib.error.HTTPError as error:
        raise FetchError(f"Zenodo answers with status {error.code}. Try again later.") from None
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise FetchError(
            f"no connection to Zenodo ({type(error).__name__}). Is there a network, or a proxy to set in HTTPS_PROXY?"
        ) from None
    if found != checksum:
        raise FetchError("the download is damaged: its checksum differs from the client's. Try again.")


def copy(address: str, target: Path) -> str:
    """Downloads a file and returns its MD5, the checksum that MedMNIST publishes.

    Raises:
        FetchError: There is not enough disk space.
    """
    digest = hashlib.md5(usedforsecurity=False)
    with urllib.request.urlopen(address, timeout=TIMEOUT_SECONDS) as answer, target.open("wb") as file:
        needed, free = int(answer.headers.get("Content-Length") or 0), shutil.disk_usage(target.parent).free
        if needed > free:
            raise FetchError(f"not enough room: {needed / 1e9:.1f} GB needed, {free / 1e9:.1f} GB free.")
        while block := answer.read(BLOCK):
            digest.update(block)
            file.write(block)
    return digest.hexdigest()
